"""The command `wordcount-http`: the same over HTTP. Needs the extra `http`."""

from bottle import Bottle, request, run

from wordcount import count

app = Bottle()


@app.get("/health")
def health() -> dict[str, str]:
    """Answer."""
    return {"status": "healthy"}


@app.post("/")
def words() -> dict[str, int]:
    """Count the words of the body."""
    return count(request.body.read().decode())


def main() -> None:
    """Serve on port 8000."""
    run(app, host="0.0.0.0", port=8000)
