"""How Alembic reaches the database: through the app's own engine and models."""

from alembic import context

from app.database import DATABASE_URL, engine
from app.models import Base

if context.is_offline_mode():  # alembic upgrade --sql: print, don't run
    context.configure(url=DATABASE_URL, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
else:
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
