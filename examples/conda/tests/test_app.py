"""Tests of the service, through Flask's own test client."""

from app import app


def test_python_is_one_of_the_packages() -> None:
    answer = app.test_client().get("/").get_json()
    assert any(package.startswith("python-3.11.") for package in answer["packages"])
