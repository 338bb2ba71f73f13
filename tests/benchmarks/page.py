"""The tables of docs/benchmarks.md: each stands between two marks, and a run writes those that it has measured."""

from __future__ import annotations

import re
from pathlib import Path

from engine import ROOT, CommandFailed

PAGE = ROOT / "docs/benchmarks.md"


def check(page: Path, names: list[str]) -> None:
    """Looks, before anything is measured, whether a page has a place for each table.

    Raises CommandFailed if it lacks one: a table that is dropped without a word would leave an old one.
    """
    text = page.read_text()
    missing = [name for name in names if len(_place(name).findall(text)) != 1]
    if missing:
        raise CommandFailed(f"{page} needs one place for each of the tables {', '.join(missing)}")


def write(page: Path, tables: dict[str, str]) -> list[str]:
    """Puts tables into a page, by the names of their places; gives the names that were written."""
    check(page, list(tables))
    text = page.read_text()
    for name, table in tables.items():
        text = _place(name).sub(lambda found, table=table: f"{found[1]}\n{table.strip()}\n\n{found[2]}", text)
    page.write_text(text)
    return list(tables)


def _place(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {re.escape(name)}: [^\n]*-->\n).*?(<!-- end of {re.escape(name)} -->)", re.DOTALL)
