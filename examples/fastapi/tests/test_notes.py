"""The notes endpoints, against a migrated database."""

from fastapi.testclient import TestClient


def test_a_written_note_can_be_read(client: TestClient) -> None:
    written = client.post("/notes", json={"title": "Milk", "text": "two litres"})
    assert written.status_code == 201
    note = written.json()
    assert note == {"id": 1, "title": "Milk", "text": "two litres"}
    assert client.get("/notes/1").json() == note
    assert client.get("/notes").json() == [note]


def test_an_unknown_note_is_not_found(client: TestClient) -> None:
    response = client.get("/notes/7")
    assert response.status_code == 404
    assert response.json() == {"detail": "There is no note 7"}


def test_a_note_without_a_title_is_refused(client: TestClient) -> None:
    assert client.post("/notes", json={"title": ""}).status_code == 422
