"""What the frontend itself costs: processor time and memory."""

from __future__ import annotations

import json
import shutil
import statistics
from pathlib import Path

from engine import ROOT, Engine
from report import Rows

EXAMPLES = ("flask", "fastapi")
COST_ROUNDS = 9


def copy_example(engine: Engine, name: str, target: Path) -> Path:
    """Copies an example and makes it use the frontend of this run."""
    shutil.copytree(ROOT / "examples" / name, target)
    file = target / "pybuild.toml"
    _, rest = file.read_text().split("\n", 1)
    file.write_text(f"# syntax={engine.frontend}\n{rest}")
    return target


def view(engine: Engine, context: Path, target: str, out: Path) -> str:
    """The one file that a debug target exports; no step of the project runs."""
    shutil.rmtree(out, ignore_errors=True)
    file, output = str(context / "pybuild.toml"), f"type=local,dest={out}"
    engine.docker("buildx", "build", "-q", "-f", file, "--target", target, "--output", output, str(context))
    (exported,) = out.iterdir()
    return exported.read_text()


def cost(engine: Engine, context: Path, out: Path) -> dict:
    """Processor time, peak memory and number of operations of the frontend: the medians of several runs."""
    runs = [json.loads(view(engine, context, "debug:cost", out)) for _ in range(COST_ROUNDS)]
    return {key: statistics.median(run[key] for run in runs) for key in ("cpu_us", "peak_rss_kib", "ops")}


def frontend_rows(engine: Engine, work: Path) -> Rows:
    """The frontend's own cost for the examples."""
    rows: Rows = {}
    for name in EXAMPLES:
        context = copy_example(engine, name, work / f"cost-{name}")
        rows[f"frontend/{name}"] = cost(engine, context, work / "view")
    return rows
