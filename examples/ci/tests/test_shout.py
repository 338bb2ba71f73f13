"""Tests of the tool."""

from shout import shout


def test_words_are_shouted() -> None:
    assert shout(["hello", "there"]) == "HELLO THERE!"
