"""Notes: list, read, write."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import get_session
from app.models import Note
from app.schemas import NoteIn, NoteOut

router = APIRouter(prefix="/notes", tags=["notes"])
Database = Annotated[Session, Depends(get_session)]


@router.get("", response_model=list[NoteOut])
def list_notes(session: Database) -> Sequence[Note]:
    """Give all notes, oldest first."""
    return session.scalars(select(Note).order_by(Note.id)).all()


@router.get("/{note_id}", response_model=NoteOut)
def read_note(note_id: int, session: Database) -> Note:
    """Give one note."""
    note = session.get(Note, note_id)
    if note is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no note {note_id}")
    return note


@router.post("", response_model=NoteOut, status_code=status.HTTP_201_CREATED)
def write_note(body: NoteIn, session: Database) -> Note:
    """Store a note and give it back with its number."""
    note = Note(title=body.title, text=body.text)
    session.add(note)
    session.commit()
    return note
