"""An unchanged rebuild of examples/flask, by how the frontend is started and by how far away its registry is.

A Dockerfile is built by the frontend that the engine has built in, or by one that is started as a container, as the line
`# syntax=docker/dockerfile:1` has it. Ours is always a container. A syntax line with a tag has the engine ask the registry in
every build which image that is; a line with a digest does not. A far registry is the same one behind a proxy that delays.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
import urllib.request
from pathlib import Path

from delay import Delay
from engine import Engine, timed
from machine import Machine
from overhead import copy_example
from registry import MANIFESTS
from report import Rows, shown_seconds

# To the far registry and back, in seconds.
ROUND_TRIP = 0.03
# The Dockerfile frontend as a container; made by hand from a checkout of BuildKit, see docs/benchmarks.md.
CONTAINER = "pybuild-bench/dockerfile"
BUILTIN = "Dockerfile, built-in frontend"
# The rows to be reached are ratios to these.
OURS = "pybuild.toml, tag"


def rows(engine: Engine, work: Path, logs: Path, machine: Machine, rounds: int) -> Rows:
    """Each way turn by turn: the median of the seconds, and the single samples."""
    context = copy_example(engine, "flask", work / "flask")
    shutil.copy(Path(__file__).with_name("dockerfiles") / "flask.Dockerfile", context / "Dockerfile")
    with Delay(engine.registry, ROUND_TRIP) as far:
        files = {BUILTIN: "Dockerfile"}
        for name, line in syntax_lines(engine, far.address).items():
            source = "pybuild.toml" if name.startswith("pybuild") else "Dockerfile"
            text = (context / source).read_text()
            # The first line of ours is one already.
            text = text.split("\n", 1)[1] if source == "pybuild.toml" else text
            files[name] = f"{len(files)}.{source}"
            (context / files[name]).write_text(f"# syntax={line}\n{text}")
        seconds = _measured(engine, context, files, logs, machine, rounds)
    ours = statistics.median(seconds[OURS])
    return {
        f"{engine.store}/flask rebuild/{name}": {
            "way": name,
            "seconds": round(statistics.median(taken), 3),
            "ratio": round(statistics.median(taken) / ours, 2),
            "samples": [round(one, 3) for one in taken],
        }
        for name, taken in seconds.items()
    }


def syntax_lines(engine: Engine, far: str) -> dict[str, str]:
    """What the first line of a file names, by the way that it is."""
    lines = {}
    ours = engine.frontend
    container = f"{engine.registry}/{CONTAINER}:{tag}" if (tag := _container_tag(engine.registry)) else None
    for kind, image in (("pybuild.toml", ours), ("Dockerfile, frontend as a container", container)):
        if image is None:
            print(f"  not measured: {kind}: the registry has no {CONTAINER}; docs/benchmarks.md says how it is made")
            continue
        name = image.split("/", 1)[1]
        digest = _digest(image)
        lines[f"{kind}, tag"] = image
        lines[f"{kind}, digest"] = f"{image}@{digest}"
        if image.startswith(engine.registry):
            lines[f"{kind}, tag, far registry"] = f"{far}/{name}"
            lines[f"{kind}, digest, far registry"] = f"{far}/{name}@{digest}"
    return lines


def table(found: Rows) -> str:
    """A line for each way."""
    lines = ["| Build file and frontend | Unchanged rebuild, `--load` | To ours |", "| --- | ---: | ---: |"]
    for row in found.values():
        lines.append(f"| {row['way']} | {shown_seconds(row)} | {row['ratio']:.2f} |")
    far = f"The far registry is {ROUND_TRIP * 1000:.0f} ms away, there and back."
    return "\n".join([*lines, "", far])


def _measured(
    engine: Engine, context: Path, files: dict[str, str], logs: Path, machine: Machine, rounds: int
) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in files}
    names = list(files)
    for round_ in range(rounds + 1):
        # Turn by turn, and each begins some rounds, so that what else the machine does hits all alike.
        for name in names[round_ % len(names) :] + names[: round_ % len(names)]:
            file = files[name]
            command = ["docker", "buildx", "build", "--load", "-f", str(context / file)]
            command += ["-t", f"pybuild-bench:{file.lower()}", str(context)]
            if round_ > 0:
                machine.wait()
            took = timed(command, engine.environment, logs / f"{engine.store}-flask-{file}.log")
            if round_ > 0:
                seconds[name].append(took)
    engine.docker("image", "rm", *(f"pybuild-bench:{file.lower()}" for file in files.values()))
    return seconds


def _get(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers={"Accept": ", ".join(MANIFESTS)}), timeout=10) as answer:
        return answer.read()


def _digest(image: str) -> str:
    host, rest = image.split("/", 1)
    repository, tag = rest.rsplit(":", 1)
    manifest = _get(f"http://{host}/v2/{repository}/manifests/{tag}")
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def _container_tag(registry: str) -> str | None:
    """The tag of the Dockerfile frontend in the engine's registry, where somebody has put it there."""
    try:
        tags = json.loads(_get(f"http://{registry}/v2/{CONTAINER}/tags/list")).get("tags")
    except OSError:
        return None
    return max(tags) if tags else None
