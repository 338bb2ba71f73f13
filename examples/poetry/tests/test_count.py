"""Tests of the function and of the command."""

from click.testing import CliRunner

from wordcount import count
from wordcount.cli import main


def test_words_are_counted_whatever_their_case() -> None:
    assert count("To be, or not to be") == {"be": 2, "to": 2, "not": 1, "or": 1}


def test_the_command_reads_its_standard_input() -> None:
    result = CliRunner().invoke(main, ["--most", "1"], input="a b a")
    assert (result.exit_code, result.output) == (0, "     2 a\n")
