"""Counts the words of a text."""

import re
from collections import Counter


def count(text: str, most: int = 10) -> dict[str, int]:
    """Give the most frequent words, in lower case, the most frequent first; of equals, the first by the alphabet."""
    words = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    ordered = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered[:most])
