"""What clients send and get: the API's promise, apart from the tables."""

from pydantic import BaseModel, ConfigDict, Field


class NoteIn(BaseModel):
    """A note as a client writes it."""

    title: str = Field(min_length=1, max_length=200)
    text: str = ""


class NoteOut(NoteIn):
    """A note as it is stored."""

    model_config = ConfigDict(from_attributes=True)

    id: int


class Health(BaseModel):
    """The answer of the health check."""

    status: str
