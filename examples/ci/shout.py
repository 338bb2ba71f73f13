"""A command-line tool that shouts."""

import sys


def shout(words: list[str]) -> str:
    """Give the words in capitals, with an exclamation mark."""
    return " ".join(words).upper() + "!"


if __name__ == "__main__":
    print(shout(sys.argv[1:]))
