"""The service: loads the model once, and answers with numpy alone."""

import json
import os
from pathlib import Path

import numpy as np
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue


class Model:
    """A linear classifier, as training wrote it."""

    def __init__(self, path: Path) -> None:
        model = json.loads(path.read_text())
        self.classes: list[str] = model["classes"]
        self.features: int = model["features"]
        self.mean = np.array(model["mean"])
        self.scale = np.array(model["scale"])
        self.coefficients = np.array(model["coefficients"])
        self.intercepts = np.array(model["intercepts"])

    def classify(self, features: list[float]) -> str:
        """The name of the class that fits best."""
        scaled = (np.array(features) - self.mean) / self.scale
        return self.classes[int((self.coefficients @ scaled + self.intercepts).argmax())]


def create_app(path: Path) -> Flask:
    """The service with the model at `path`."""
    app = Flask(__name__)
    model = Model(path)

    @app.get("/health")
    def health() -> ResponseReturnValue:
        return jsonify(status="healthy")

    @app.get("/classify")
    def classify() -> ResponseReturnValue:
        try:
            features = [float(value) for value in request.args.get("features", "").split(",")]
        except ValueError:
            features = []
        if len(features) != model.features:
            return jsonify(error=f"features must be {model.features} numbers with commas between"), 400
        return jsonify(iris=model.classify(features))

    return app


def __getattr__(name: str) -> Flask:
    # Only the web server asks for `server:app`; tests bring a model of their own.
    if name == "app":
        return create_app(Path(os.environ.get("MODEL", "model.json")))
    raise AttributeError(name)
