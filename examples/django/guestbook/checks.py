"""A check for `manage.py check --database default`: the database answers."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections


@register(Tags.database)
def database_answers(databases: list[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Connect to each database that was named."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        try:
            connections[alias].ensure_connection()
        except DatabaseError as error:
            reason = str(error).strip().splitlines()[0]
            hint = "is it up, and do PGHOST, PGUSER and PGPASSWORD lead to it?"
            found.append(Error(f"the database does not answer: {reason}", hint=hint, id="guestbook.E001"))
    return found
