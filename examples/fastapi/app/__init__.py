"""A notes service: FastAPI, SQLAlchemy and Alembic."""
