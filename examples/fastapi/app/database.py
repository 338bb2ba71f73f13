"""The database: one engine a process, one session a request."""

import os
from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

# SQLite needs no server, so that a fresh checkout runs. In production:
# DATABASE_URL=postgresql+psycopg://user:password@host/database
DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///./notes.db")

engine = create_engine(DATABASE_URL)
SessionLocal = sessionmaker(engine, expire_on_commit=False)


def get_session() -> Iterator[Session]:
    """Give a request its session, closed when the response is out."""
    with SessionLocal() as session:
        yield session
