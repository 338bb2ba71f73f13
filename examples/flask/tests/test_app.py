"""Tests of the two endpoints, through Flask's own test client."""

import pytest
from flask.testing import FlaskClient

from app import app


@pytest.fixture
def client() -> FlaskClient:
    """A client that calls the app without a server."""
    return app.test_client()


def test_index_greets(client: FlaskClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response.get_json()["message"] == "Hello from pybuild!"


def test_index_names_the_environment(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "staging")
    assert client.get("/").get_json()["environment"] == "staging"


def test_health_is_healthy(client: FlaskClient) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.get_json() == {"status": "healthy"}
