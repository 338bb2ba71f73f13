"""Trains the model and writes it as JSON: the same data and packages give the same bytes."""

import json
import sys
from pathlib import Path

from xxhash import xxh64_hexdigest

from data import load, split
from model import fit


def main() -> None:
    features, labels, names = load()
    train, _ = split(features, labels)
    scaler, classifier = fit(*train)
    model = {
        "classes": names,
        "features": 4,
        "mean": scaler.mean_.tolist(),
        "scale": scaler.scale_.tolist(),
        "coefficients": classifier.coef_.tolist(),
        "intercepts": classifier.intercept_.tolist(),
        # Which data it was trained on.
        "data": xxh64_hexdigest(features.tobytes() + labels.tobytes()),
    }
    Path(sys.argv[1]).write_text(json.dumps(model, indent=1) + "\n")


if __name__ == "__main__":
    main()
