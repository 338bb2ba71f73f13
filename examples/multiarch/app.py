"""Says which platform it runs on, and which one its image was built on."""

import os
import platform

import markupsafe._speedups
from flask import Flask, Response, jsonify

app = Flask(__name__)


@app.get("/")
def index() -> Response:
    """The machine as the kernel names it, and the native module that was chosen for it."""
    return jsonify(
        machine=platform.machine(),
        native=os.path.basename(markupsafe._speedups.__file__),
        target=os.environ["IMAGE_PLATFORM"],
        built_on=os.environ["BUILT_ON"],
    )
