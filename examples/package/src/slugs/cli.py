"""The commands `slug` and `slug-check`."""

import sys

from slugs import is_slug
from slugs import slug as make


def slug() -> None:
    """Print the address of the title that the arguments are."""
    print(make(" ".join(sys.argv[1:])))


def check() -> int:
    """Name every argument that is no address; the exit code is 1 if there is one."""
    bad = [text for text in sys.argv[1:] if not is_slug(text)]
    for text in bad:
        print(f"{text!r} is no slug: {make(text)}", file=sys.stderr)
    return int(bool(bad))
