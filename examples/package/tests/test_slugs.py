"""Tests of the library."""

import pytest

from slugs import is_slug, slug


@pytest.mark.parametrize(("title", "expected"), [("Déjà vu!", "deja-vu"), ("  A  B ", "a-b"), ("", "")])
def test_a_title_becomes_an_address(title: str, expected: str) -> None:
    assert slug(title) == expected
    assert is_slug(expected) == bool(expected)
