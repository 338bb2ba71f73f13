"""The sum of what was sold: amounts in cents, one a line of the standard input."""

import sys

from money import shown


def main() -> None:
    """Print the sum."""
    print("sold:", shown(sum(int(line) for line in sys.stdin)))
