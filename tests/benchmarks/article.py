"""The measurements of the usual article on multi-stage builds, made again: size, cold build, code change."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from pathlib import Path

from engine import Engine, timed
from overhead import copy_example

DOCKERFILES = Path(__file__).with_name("article")
WAYS = {"single stage": "naive.Dockerfile", "multi-stage": "multi-stage.Dockerfile", "pybuild": "pybuild.toml"}
COLUMNS = {"image_bytes": "size of the image", "cold_seconds": "cold build", "change_seconds": "code change"}
REPEATED = 3


def measure(engine: Engine, work: Path, logs: Path, emptying: bool) -> dict[str, dict[str, float]]:
    """Builds examples/flask in each way into the engine's own store.

    The Dockerfiles run no tests, so neither does ours here. With `emptying`, each way begins with an engine without any
    image and any cache; otherwise with `--no-cache`, beside what the engine has.
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

    rows: dict[str, dict[str, float]] = {}
    for way, file in WAYS.items():
        tag = f"pybuild-bench-article:{file.split('.')[0]}"
        command = ["docker", "buildx", "build", "--load", "-t", tag, "-f", str(context / file), str(context)]
        log = logs / f"{engine.store}-article-{file}.log"
        if emptying:
            engine.empty()
        cold = timed(command if emptying else [*command, "--no-cache"], engine.environment, log)
        size = int(engine.docker("image", "inspect", "--format", "{{.Size}}", tag))
        changes = []
        for _ in range(REPEATED):
            with (context / "app.py").open("a") as code:
                code.write(f"# {time.time_ns()}\n")
            changes.append(timed(command, engine.environment, log))
        engine.docker("image", "rm", tag)
        rows[way] = {
            "image_bytes": size,
            "cold_seconds": round(cold, 2),
            "change_seconds": round(statistics.median(changes), 2),
        }
        print(f"  {way}: {rows[way]}", flush=True)
    return rows


def table(rows: dict[str, dict[str, float]]) -> str:
    """The rows in Markdown, and whether ours is the best in every column."""
    lines = ["| | " + " | ".join(COLUMNS.values()) + " |", "| --- | ---: | ---: | ---: |"]
    for way, row in rows.items():
        megabytes = row["image_bytes"] / 1e6
        lines.append(f"| {way} | {megabytes:.0f} MB | {row['cold_seconds']:.1f} s | {row['change_seconds']:.2f} s |")
    lost = [name for key, name in COLUMNS.items() if min(rows, key=lambda way: rows[way][key]) != "pybuild"]
    lines.append(f"\nnot the best: {', '.join(lost)}" if lost else "\npybuild is the best in every column")
    return "\n".join(lines)


def save(rows: dict[str, dict[str, float]], about: dict, file: Path) -> None:
    """Writes the rows."""
    file.write_text(json.dumps({"about": about, "rows": rows}, indent=2) + "\n")
