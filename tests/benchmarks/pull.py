"""From an empty engine to a container that answers: the pull of an image, and its start."""

from __future__ import annotations

import statistics
import time
import urllib.error
import urllib.request
from pathlib import Path

from builds import APP, WAYS, Round, Way
from engine import CommandFailed, Engine, timed
from report import Rows, shown_seconds, size

# The port of the application.
PORT = 8000
# Seconds after which a container counts as dead.
PATIENCE = 120


def rows(one: Round, ways: list[Way], rounds: int, what: str) -> Rows:
    """A row for each way, whose image is in its registry: seconds of the pull, and of the pull and the start together.

    The engine is emptied before each pull; in a trial it loses that image alone. The ways take turns.
    """
    engine = one.engine
    taken: dict[str, list[tuple[float, float]]] = {way.name: [] for way in ways}
    for round_ in range(rounds):
        for way in ways[round_ % len(ways) :] + ways[: round_ % len(ways)]:
            if one.emptying:
                engine.empty()
            else:
                engine.docker("image", "rm", "--force", way.tag(APP))
            one.machine.wait()
            log = one.logs / f"{engine.store}-pull-{what}-{way.name}-{round_}.log"
            taken[way.name].append(_pull_and_start(engine, way.tag(APP), log))
    found: Rows = {}
    for way in ways:
        pulls, answers = zip(*taken[way.name])
        layers = way.registry.layers(way.tag(APP))
        found[f"{engine.store}/pull/{what}/{way.name}"] = {
            "way": way.name,
            "image_bytes": sum(layers),
            "layers": len(layers),
            "largest_layer_bytes": max(layers),
            "pull_seconds": round(statistics.median(pulls), 3),
            "pull_samples": [round(one, 3) for one in pulls],
            "seconds": round(statistics.median(answers), 3),
            "samples": [round(one, 3) for one in answers],
        }
    return found


def table(found: Rows) -> str:
    """A line for each way."""
    lines = [
        "| Image | Layers | Largest layer | Size | Pull | Pull and start, until the container answers |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in sorted(found.values(), key=lambda row: WAYS.index(row["way"])):
        pull = shown_seconds({"seconds": row["pull_seconds"], "samples": row["pull_samples"]})
        cells = [row["way"], row["layers"], size(row["largest_layer_bytes"]), size(row["image_bytes"]), pull]
        lines.append("| " + " | ".join(map(str, cells)) + f" | {shown_seconds(row)} |")
    return "\n".join(lines)


def _pull_and_start(engine: Engine, image: str, log: Path) -> tuple[float, float]:
    """Seconds until the image is there, and until its container answers."""
    start = time.monotonic()
    pulled = timed(["docker", "pull", image], engine.environment, log)
    name = engine.docker("run", "--detach", "--publish", f"127.0.0.1::{PORT}", image).strip()
    try:
        address = engine.docker("port", name, str(PORT)).split()[0]
        _wait_for_answer(engine, name, f"http://{address}/")
        return pulled, time.monotonic() - start
    finally:
        engine.docker("rm", "--force", name)


def _wait_for_answer(engine: Engine, container: str, url: str) -> None:
    # Not through a proxy of the environment: the container is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with opener.open(url, timeout=PATIENCE) as answer:
                answer.read()
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise CommandFailed(f"{url} does not answer:\n{engine.docker('logs', container)}") from None
            time.sleep(0.02)
