"""Tests of the service with a small model of their own: no training is needed for them."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from server import create_app

MODEL = {
    "classes": ["small", "large"],
    "features": 2,
    "mean": [5.0, 5.0],
    "scale": [1.0, 1.0],
    "coefficients": [[-1.0, -1.0], [1.0, 1.0]],
    "intercepts": [0.0, 0.0],
}


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A client of a service with `MODEL`."""
    path = tmp_path / "model.json"
    path.write_text(json.dumps(MODEL))
    return create_app(path).test_client()


@pytest.mark.parametrize(("features", "expected"), [("1,2", "small"), ("7.5,9", "large")])
def test_the_class_that_fits_best_is_answered(
    client: FlaskClient, features: str, expected: str
) -> None:
    response = client.get(f"/classify?features={features}")
    assert (response.status_code, response.get_json()) == (200, {"iris": expected})


@pytest.mark.parametrize("features", ["", "1", "1,2,3", "1,x"])
def test_what_is_no_measurement_is_refused(client: FlaskClient, features: str) -> None:
    assert client.get(f"/classify?features={features}").status_code == 400
