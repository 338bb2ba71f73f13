"""A small Flask service: a greeting and a health endpoint."""

import os

from flask import Flask, Response, jsonify

app = Flask(__name__)


@app.get("/")
def index() -> Response:
    """Greet, and say which environment answers."""
    return jsonify(
        message="Hello from pybuild!",
        environment=os.environ.get("ENVIRONMENT", "development"),
    )


@app.get("/health")
def health() -> Response:
    """Tell Docker's health check that the process answers."""
    return jsonify(status="healthy")


if __name__ == "__main__":
    app.run(port=8000, debug=True)
