"""Medians and ratios: as rows for `results.json`, and as tables for people."""

from __future__ import annotations

import json
import os
import statistics
from pathlib import Path

from builds import BUILDS, KINDS, OURS, WAYS, Sample

# Rows by name.
Rows = dict[str, dict]

# What each build has to reach against the uv Dockerfile of the same run: (build, kind, times faster).
TARGETS = {
    "containerd": (
        ("bump", "no-bytecode", 20.0),
        ("bump", "bytecode", 20.0),
        ("bump, emptied engine", "no-bytecode", 10.0),
        ("bump, emptied engine", "bytecode", 10.0),
        ("bump, emptied engine, only pushed", "no-bytecode", 25.0),
        ("bump, emptied engine, only pushed", "bytecode", 25.0),
        ("cold", "no-bytecode", 2.0),
        ("cold", "bytecode", 1.5),
        # At most 1.2 times what the frontend takes that is built into the engine.
        ("no change", "no-bytecode", 0.83),
        ("no change", "bytecode", 0.83),
        ("code change", "no-bytecode", 0.83),
        ("code change", "bytecode", 0.83),
    ),
    "classic": (
        ("bump", "no-bytecode", 5.0),
        ("bump", "bytecode", 5.0),
        ("cold", "no-bytecode", 1.0),
        ("cold", "bytecode", 1.0),
    ),
}
# The most that a bump may push, as a share of what the uv Dockerfile pushes.
BYTES_TARGET = 0.02
# A lock of so many packages is planned in less than these milliseconds of processor time and MiB of memory.
LOCK_TARGET = (500, 50, 64)


def row_name(store: str, kind: str, build: str, way: str) -> str:
    """The name of a row."""
    return f"{store}/{kind}/{build}/{way}"


def build_rows(store: str, kind: str, samples: dict[str, dict[str, list[Sample]]]) -> Rows:
    """Rows of the builds of one store and kind. Argument: samples by way, then by build."""
    rows: Rows = {}
    for build in BUILDS:
        seconds = {
            way: statistics.median(sample.seconds for sample in by_build[build])
            for way, by_build in samples.items()
            if build in by_build
        }
        for way, median in seconds.items():
            taken = samples[way][build]
            middle = min(taken, key=lambda sample: abs(sample.seconds - median))
            rows[row_name(store, kind, build, way)] = {
                "seconds": round(median, 3),
                "bytes_pushed": int(statistics.median(sample.bytes_pushed for sample in taken)),
                "image_bytes": int(statistics.median(sample.image_bytes for sample in taken)),
                "ratio": round(median / seconds[OURS], 2) if OURS in seconds else None,
                "unpack_seconds": round(middle.unpack_seconds, 3),
                "samples": [round(sample.seconds, 3) for sample in taken],
                "export_seconds": round(middle.export_seconds, 3),
                "processor_seconds": round(middle.processor_seconds, 3),
                "begun_busy": sum(not sample.quiet for sample in taken),
                "longest_steps": [{"name": name, "seconds": round(took, 3)} for name, took in middle.longest],
            }
    return rows


def build_table(rows: Rows, store: str, kind: str) -> str:
    """A table with a line for each build: of every way the median of the seconds, their range, and the pushed bytes."""
    ways = [way for way in WAYS if row_name(store, kind, "cold", way) in rows]
    lines = [
        "| Build | " + " | ".join(ways) + " | uv : pybuild |",
        "| --- |" + " ---: |" * (len(ways) + 1),
    ]
    for build in BUILDS:
        cells = [rows.get(row_name(store, kind, build, way)) for way in ways]
        if not any(cells):
            continue
        shown = [f"{shown_seconds(cell)}, {size(cell['bytes_pushed'])}" if cell else "" for cell in cells]
        against = rows.get(row_name(store, kind, build, "uv"), {}).get("ratio")
        lines.append(f"| {build} | " + " | ".join(shown) + f" | {f'{against:.1f}' if against else ''} |")
    if not ways:
        return ""
    cold = [rows[row_name(store, kind, "cold", way)] for way in ways]
    exports = {way: row["export_seconds"] for way, row in zip(ways, cold)}
    against = f"{exports['uv'] / exports[OURS]:.1f}" if exports.get("uv") and exports.get(OURS) else ""
    lines.append("| cold: its export | " + " | ".join(f"{one:.2f} s" for one in exports.values()) + f" | {against} |")
    lines.append(_limit_line(cold))
    images = [rows[row_name(store, kind, "cold", way)]["image_bytes"] for way in ways]
    lines.append("| size of the image | " + " | ".join(size(size) for size in images) + " | |")
    return "\n".join(lines)


def _limit_line(cold: list[dict]) -> str:
    """The processor time of the cold builds, shared out among all processors: no build with the same work can be shorter."""
    cores = os.cpu_count() or 1
    limits = [max(row["processor_seconds"] / cores, 0.01) for row in cold]
    cells = [f"{limit:.2f} s, {row['seconds'] / limit:.2f}" for row, limit in zip(cold, limits)]
    return "| cold: processor time / processors, build : this | " + " | ".join(cells) + " | |"


def shown_seconds(row: dict) -> str:
    """The median of a row's samples, and where there are several, the shortest and the longest."""
    samples = row["samples"]
    if len(samples) == 1:
        return f"{row['seconds']:.2f} s"
    return f"{row['seconds']:.2f} s ({min(samples):.2f} to {max(samples):.2f})"


def target_lines(rows: Rows, store: str) -> list[str]:
    """Each target that was measured, and whether it is reached."""
    lines = []
    for build, kind, wanted in TARGETS[store]:
        ratio = rows.get(row_name(store, kind, build, "uv"), {}).get("ratio")
        if ratio is not None:
            verdict = "reached" if ratio >= wanted else "MISSED"
            lines.append(f"{verdict}: {store}, {kind}, {build}: {ratio:.2f} times, to reach {wanted}")
    for name, row in rows.items():
        if name.startswith("growth/") and row["packages"] == LOCK_TARGET[0]:
            milliseconds, mib = row["cpu_us"] / 1000, row["peak_rss_kib"] / 1024
            verdict = "reached" if milliseconds < LOCK_TARGET[1] and mib < LOCK_TARGET[2] else "MISSED"
            shown = f"{milliseconds:.1f} ms and {mib:.1f} MiB, to stay under {LOCK_TARGET[1]} and {LOCK_TARGET[2]}"
            lines.append(f"{verdict}: {name} packages: {shown}")
    for kind in KINDS:
        uv, ours = (rows.get(row_name(store, kind, "bump", way)) for way in ("uv", OURS))
        if store == "containerd" and uv and ours:
            share = ours["bytes_pushed"] / uv["bytes_pushed"]
            verdict = "reached" if share <= BYTES_TARGET else "MISSED"
            lines.append(f"{verdict}: {kind}, bytes of the bump: {share:.2%}, at most {BYTES_TARGET:.0%}")
    return lines


def growth_table(rows: Rows) -> str:
    """A table with a line for each size of a lock."""
    lines = [
        "| Lock | Packages | CPU | Peak memory | Operations | Graph as JSON |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in rows.items():
        if name.startswith("growth/"):
            cells = [row["lock"], row["packages"], f"{row['cpu_us'] / 1000:.1f} ms"]
            cells += [f"{row['peak_rss_kib'] / 1024:.1f} MiB", row["ops"], size(row["graph_json_bytes"])]
            lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def save(rows: Rows, about: dict, file: Path) -> None:
    """Writes the rows, with what they were measured on, as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"about": about, "rows": rows}, indent=2) + "\n")


def size(count: int) -> str:
    """A number of bytes in words."""
    if count >= 1_000_000:
        return f"{count / 1e6:.1f} MB"
    return f"{count / 1e3:.1f} kB"
