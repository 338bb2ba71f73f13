"""What the frontend itself costs, and what an unchanged rebuild costs next to the same stages as a Dockerfile."""

from __future__ import annotations

import json
import shutil
import statistics
from pathlib import Path

from engine import ROOT, Engine, timed
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


def rebuild_rows(engine: Engine, work: Path, logs: Path, rounds: int) -> Rows:
    """An unchanged rebuild of examples/flask that is loaded into the engine."""
    context = copy_example(engine, "flask", work / "flask")
    shutil.copy(Path(__file__).with_name("dockerfiles") / "flask.Dockerfile", context / "Dockerfile")
    seconds: dict[str, list[float]] = {"Dockerfile": [], "pybuild.toml": []}
    for round_ in range(rounds + 1):
        # Turn by turn, so that what else the machine does hits both alike.
        for file, taken in seconds.items():
            tag = f"pybuild-bench:{file.lower()}"
            command = ["docker", "buildx", "build", "--load", "-f", str(context / file), "-t", tag, str(context)]
            took = timed(command, engine.environment, logs / f"{engine.store}-flask-{file}.log")
            if round_ > 0:
                taken.append(took)
    engine.docker("image", "rm", "pybuild-bench:dockerfile", "pybuild-bench:pybuild.toml")
    ours = statistics.median(seconds["pybuild.toml"])
    return {
        f"{engine.store}/flask rebuild/{file}": {
            "seconds": round(statistics.median(taken), 3),
            "ratio": round(statistics.median(taken) / ours, 2),
        }
        for file, taken in seconds.items()
    }
