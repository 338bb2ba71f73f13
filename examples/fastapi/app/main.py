"""The application: what uvicorn serves as ``app.main:app``."""

from fastapi import FastAPI

from app.routers import health, notes

app = FastAPI(title="Notes")
app.include_router(health.router)
app.include_router(notes.router)
