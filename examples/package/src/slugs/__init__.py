"""Makes addresses out of titles: `slug("Déjà vu!")` is `deja-vu`."""

import re
import unicodedata


def slug(title: str) -> str:
    """Give the title in letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))


def is_slug(text: str) -> bool:
    """Whether the text is an address already."""
    return bool(text) and slug(text) == text
