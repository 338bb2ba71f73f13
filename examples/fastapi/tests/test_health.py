"""The health endpoint."""

from fastapi.testclient import TestClient


def test_health_asks_the_database(client: TestClient) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json() == {"status": "healthy"}
