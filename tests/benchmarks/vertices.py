"""What a download in a graph costs the engine when everything of the build is known.

A lock of N tiny wheels, served on the loopback interface, is built once; then the same build is measured, which downloads and
runs nothing. Time is that of the whole command. Processor time is that of the engine's process, of the client and of the
frontend, each by itself: what the three do for each further download shows in the difference between two sizes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import statistics
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from engine import CommandFailed, Engine
from machine import Machine
from overhead import view
from report import Rows, shown_seconds

SIZES = (10, 100, 1000)
TICK = os.sysconf("SC_CLK_TCK")


def rows(engine: Engine, work: Path, logs: Path, machine: Machine, rounds: int) -> Rows:
    """A row for each size; the sizes turn by turn."""
    wheels = {f"p{number:04}-1.0-py3-none-any.whl": _wheel(number) for number in range(max(SIZES))}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _serving(wheels))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        contexts = {count: _project(engine, work, wheels, count, server.server_address[1]) for count in SIZES}
        taken: dict[int, list[dict]] = {count: [] for count in SIZES}
        for round_ in range(rounds + 1):
            for count, context in contexts.items():
                if round_ > 0:
                    machine.wait()
                sample = _build(engine, context, logs / f"{engine.store}-vertices-{count}.log")
                if round_ > 0:
                    taken[count].append(sample)
        costs = {}
        for count, context in contexts.items():
            costs[count] = json.loads(view(engine, context, "debug:cost", work / "view"))
    finally:
        server.shutdown()
    return {f"{engine.store}/vertices/{count}": _row(count, taken[count], costs[count]) for count in SIZES}


def table(found: Rows) -> str:
    """A line for each size, and what one more download costs."""
    parts = ("engine_ms", "client_ms", "frontend_ms")
    lines = [
        "| Downloads | Operations | Unchanged build | Engine, CPU | Client, CPU | Frontend, CPU |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in found.values():
        cells = " | ".join(f"{row[part]:.0f} ms" for part in parts)
        lines.append(f"| {row['downloads']} | {row['ops']} | {shown_seconds(row)} | {cells} |")
    first, last = list(found.values())[0], list(found.values())[-1]
    more = last["downloads"] - first["downloads"]
    each = [(last["seconds"] - first["seconds"]) * 1e6 / more]
    each += [(last[part] - first[part]) * 1e3 / more for part in parts]
    cells = " | ".join(f"{one:.0f} µs" for one in each)
    return "\n".join([*lines, f"| each further one | | {cells} |"])


def _row(count: int, taken: list[dict], cost: dict) -> dict:
    median = {key: statistics.median(sample[key] for sample in taken) for key in ("seconds", "engine_ms", "client_ms")}
    return {
        "downloads": count,
        "ops": cost["ops"],
        **{key: round(value, 3) for key, value in median.items()},
        "frontend_ms": round(cost["cpu_us"] / 1000, 3),
        "samples": [round(sample["seconds"], 3) for sample in taken],
    }


def _build(engine: Engine, context: Path, log: Path) -> dict:
    """A build whose result is not exported: its time, and the processor time of the engine and of the client."""
    command = ["docker", "buildx", "build", "--progress", "rawjson", "--output", "type=cacheonly"]
    command += ["-f", str(context / "pybuild.toml"), str(context)]
    engines = _engine_ticks(engine)
    children = _children()
    with log.open("wb") as output:
        start = time.monotonic()
        ended = subprocess.run(command, env=engine.environment, stdout=output, stderr=output, check=False)
        seconds = time.monotonic() - start
    if ended.returncode != 0:
        raise CommandFailed(f"{' '.join(command)}\nthe whole log: {log}")
    used = (_engine_ticks(engine) - engines) * 1000 / TICK
    return {"seconds": seconds, "engine_ms": used, "client_ms": (_children() - children) * 1000}


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _engine_ticks(engine: Engine) -> int:
    """The processor time of the engine's process, see `/proc/PID/stat` in proc(5); 0 for a Docker that is not ours."""
    if engine.folder is None:
        return 0
    pid = (engine.folder / "var/lib/pybuild/dockerd.pid").read_text().split()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def _wheel(number: int) -> bytes:
    """A wheel with one empty module. The same number gives the same bytes."""
    name = f"p{number:04}"
    members = {
        f"{name}.py": b"",
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{name}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-1.0.dist-info/RECORD": b"",
    }
    rows_ = [f"{path},," for path in members]
    members[f"{name}-1.0.dist-info/RECORD"] = "\n".join([*rows_, ""]).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), content)
    return written.getvalue()


def _project(engine: Engine, work: Path, wheels: dict[str, bytes], count: int, port: int) -> Path:
    context = work / f"vertices-{count}"
    context.mkdir()
    lines = ['lock-version = "1.0"', 'created-by = "bench"']
    for file, content in list(wheels.items())[:count]:
        name, digest = file.split("-")[0], hashlib.sha256(content).hexdigest()
        lines += ["[[packages]]", f'name = "{name}"', 'version = "1.0"', "[[packages.wheels]]"]
        lines += [f'url = "http://127.0.0.1:{port}/{file}"', f"size = {len(content)}", f'hashes = {{ sha256 = "{digest}" }}']
    (context / "pylock.toml").write_text("\n".join(lines) + "\n")
    (context / "pybuild.toml").write_text(
        f'# syntax={engine.frontend}\n[python]\nversion = "3.11"\n[dependencies]\nlock = "pylock.toml"\nbytecode = false\n'
        '[stage.production]\ncommand = ["python"]\n'
    )
    return context


def _serving(files: dict[str, bytes]) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.lstrip("/"))
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
