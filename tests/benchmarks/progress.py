"""What a build spent its time on, from the progress stream of `--progress rawjson`."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path


def step_times(log: Path) -> list[tuple[str, float]]:
    """Names and seconds of a build's steps and of the parts of its export, longest first.

    Steps from the cache are left out. Steps that ran side by side sum up to more than the build took.
    """
    steps: dict[str, dict] = {}
    statuses: dict[tuple[str, str], dict] = {}
    for line in log.read_text(errors="replace").splitlines():
        if not line.startswith("{"):
            continue
        event = json.loads(line)
        for vertex in event.get("vertexes") or []:
            steps.setdefault(vertex["digest"], {}).update(vertex)
        for status in event.get("statuses") or []:
            statuses.setdefault((status["vertex"], status["id"]), {}).update(status)
    found = [(step.get("name", digest), _seconds(step)) for digest, step in steps.items() if not step.get("cached")]
    # An export is one step; its parts are what tells compression, push and extraction apart.
    for (digest, name), status in statuses.items():
        if steps.get(digest, {}).get("name", "").startswith("exporting"):
            found.append((f"exporting: {name}", _seconds(status)))
    return sorted(found, key=lambda step: -step[1])


def _seconds(step: dict) -> float:
    started, completed = step.get("started"), step.get("completed")
    return (_instant(completed) - _instant(started)) if started and completed else 0.0


def _instant(text: str) -> float:
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
