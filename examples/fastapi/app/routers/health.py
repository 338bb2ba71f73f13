"""Health: the process answers and its database does too."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database import get_session
from app.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/health")
def health(session: Annotated[Session, Depends(get_session)]) -> Health:
    """Ask the database the shortest question there is."""
    session.execute(text("SELECT 1"))
    return Health(status="healthy")
