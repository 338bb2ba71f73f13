"""Judges a model by the irises that it has not seen. Fails if it is not good enough."""

import argparse
import json
from pathlib import Path

import numpy as np

from data import load, split


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model", type=Path)
    arguments.add_argument("--at-least", type=float, required=True)
    chosen = arguments.parse_args()
    model = json.loads(chosen.model.read_text())
    features, labels, _ = load()
    _, (features, labels) = split(features, labels)
    scaled = (features - model["mean"]) / model["scale"]
    scores = scaled @ np.array(model["coefficients"]).T + model["intercepts"]
    accuracy = float(np.mean(scores.argmax(axis=1) == labels))
    print(f"accuracy: {accuracy:.3f}")
    if accuracy < chosen.at_least:
        raise SystemExit(f"the model has to reach {chosen.at_least}")


if __name__ == "__main__":
    main()
