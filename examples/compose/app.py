"""A page that counts its visits in Postgres."""

import os

import psycopg
from flask import Flask, Response, jsonify

GREETING = "Hello from compose!"
TABLE = "CREATE TABLE IF NOT EXISTS visits (at timestamptz NOT NULL DEFAULT now())"

app = Flask(__name__)


@app.get("/")
def index() -> Response:
    """Count the visit. libpq reads PGHOST and the like by itself."""
    with psycopg.connect() as database:
        database.execute(TABLE)
        database.execute("INSERT INTO visits DEFAULT VALUES")
        row = database.execute("SELECT count(*) FROM visits").fetchone()
    return jsonify(message=GREETING, environment=os.environ["ENVIRONMENT"], visits=row[0] if row else 0)


@app.get("/health")
def health() -> tuple[Response, int]:
    """Ask the database the shortest question there is."""
    try:
        with psycopg.connect(connect_timeout=3) as database:
            database.execute("SELECT 1")
    except psycopg.OperationalError as error:
        host = os.environ.get("PGHOST")
        return jsonify(status="no database", reason=f"{host}: {error}"), 503
    return jsonify(status="healthy"), 200
