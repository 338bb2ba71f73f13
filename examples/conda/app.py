"""A service that tells where its Python comes from."""

import sys
from pathlib import Path

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue

app = Flask(__name__)


@app.get("/")
def index() -> ResponseReturnValue:
    """The environment, and the conda packages in it."""
    records = Path(sys.prefix, "conda-meta").glob("*.json")
    return jsonify(environment=sys.prefix, packages=sorted(path.stem for path in records))
