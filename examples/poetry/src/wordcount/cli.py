"""The command `wordcount`."""

from typing import TextIO

import click

from wordcount import count


@click.command()
@click.argument("text", type=click.File(), default="-")
@click.option("--most", default=10, show_default=True, help="How many words to show.")
def main(text: TextIO, most: int) -> None:
    """Count the words of a file, or of the standard input."""
    for word, times in count(text.read(), most).items():
        click.echo(f"{times:6} {word}")
