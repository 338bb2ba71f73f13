"""The measurements of the usual article on multi-stage builds, made again: size, cold build, code change."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from engine import Engine, timed
from overhead import copy_example

DOCKERFILES = Path(__file__).with_name("article")
WAYS = {"single stage": "naive.Dockerfile", "multi-stage": "multi-stage.Dockerfile", "pybuild": "pybuild.toml"}
COLUMNS = {"image_bytes": "size of the image", "cold_seconds": "cold build", "change_seconds": "code change"}
CHANGES = 9
PAUSE = 1


def measure(engine: Engine, work: Path, logs: Path, emptying: bool) -> dict[str, dict]:
    """Builds examples/flask in each way into the engine's own store.

    The Dockerfiles run no tests, so neither does ours here. With `emptying`, each way begins with an engine without any
    image and any cache; otherwise with `--no-cache`, beside what the engine has. Changes of the code come after all of
    that, turn by turn, so that what else the machine does hits all ways alike.
    """
    context = copy_example(engine, "flask", work / "article")
    for file in DOCKERFILES.glob("*.Dockerfile"):
        shutil.copy(file, context)
    build_file = context / "pybuild.toml"
    lines = build_file.read_text().splitlines(keepends=True)
    build_file.write_text("".join(line for line in lines if not line.startswith("requires")))
    # What differs between the ways is not sent by any of them.
    with (context / ".dockerignore").open("a") as ignored:
        ignored.write("*.Dockerfile\n")

    def tag(way: str) -> str:
        return f"pybuild-bench-article:{WAYS[way].split('.')[0]}"

    def build(way: str, *options: str) -> float:
        file = context / WAYS[way]
        command = ["docker", "buildx", "build", "--load", "-t", tag(way), *options, "-f", str(file), str(context)]
        return round(timed(command, engine.environment, logs / f"{engine.store}-article-{WAYS[way]}.log"), 3)

    rows: dict[str, dict] = {}
    for way in WAYS:
        if emptying:
            engine.empty()
        cold = build(way) if emptying else build(way, "--no-cache")
        size = int(engine.docker("image", "inspect", "--format", "{{.Size}}", tag(way)))
        rows[way] = {"image_bytes": size, "cold_seconds": cold}
    changes = code_changes(context / "app.py", build)
    for way, row in rows.items():
        row["change_seconds"] = statistics.median(changes[way])
        row["change_samples"] = changes[way]
        engine.docker("image", "rm", tag(way))
        print(f"  {way}: {row}", flush=True)
    return rows


def code_changes(code: Path, build: Callable[[str], float]) -> dict[str, list[float]]:
    """Seconds of a build after a change of the code, by way. Each way begins one third of the rounds."""
    for way in WAYS:
        # Emptied for the others, the engine has only the last one's steps.
        build(way)
    samples: dict[str, list[float]] = {way: [] for way in WAYS}
    ways = deque(WAYS)
    for _ in range(CHANGES):
        for way in ways:
            with code.open("a") as lines:
                lines.write(f"# {time.time_ns()}\n")
            # The engine clears up after a build for a moment; who edits takes longer.
            time.sleep(PAUSE)
            samples[way].append(build(way))
        ways.rotate(1)
    return samples


def table(rows: dict[str, dict]) -> str:
    """The rows in Markdown: changes of the code are medians, with the shortest and the longest."""
    lines = ["| | " + " | ".join(COLUMNS.values()) + " |", "| --- | ---: | ---: | ---: |"]
    for way, row in rows.items():
        megabytes = row["image_bytes"] / 1e6
        taken = row["change_samples"]
        change = f"{row['change_seconds']:.2f} s ({min(taken):.2f} to {max(taken):.2f})"
        lines.append(f"| {way} | {megabytes:.0f} MB | {row['cold_seconds']:.1f} s | {change} |")
    return "\n".join(lines)


def verdict(rows: dict[str, dict]) -> str:
    """Whether ours is the best in every column."""
    lost = [name for key, name in COLUMNS.items() if min(rows, key=lambda way: rows[way][key]) != "pybuild"]
    return f"not the best: {', '.join(lost)}" if lost else "pybuild is the best in every column"


def save(rows: dict[str, dict], about: dict, file: Path) -> None:
    """Writes the rows."""
    file.write_text(json.dumps({"about": about, "rows": rows}, indent=2) + "\n")
