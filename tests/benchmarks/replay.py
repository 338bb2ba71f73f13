#!/usr/bin/env python3
"""What changed packages cost an image, replayed over the histories of three projects; by hand.

    tests/benchmarks/replay.py --binary target/release/pybuild --write-docs

A project's dependencies are locked as they were at 40 dates, two weeks apart, with uv's `--exclude-newer` and the machine's
package registry. The locks are kept in ~/.cache/pybuild-replay. Then every package that differs between two dates is
changed by itself, as the updates of a bot are, and `pybuild plan` says which layers of packages the image has. A layer that
the image did not have before has to be pushed; its size is that of its wheels. The limit is the size of the changed wheel.
"""

import argparse
import datetime
import json
import pathlib
import statistics
import subprocess
import tempfile

import page

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = pathlib.Path.home() / ".cache"
DATES = [datetime.date(2025, 3, 1) + datetime.timedelta(days=15 * number) for number in range(40)]
PROJECTS = {
    "small": "flask gunicorn sqlalchemy psycopg[binary] redis requests pydantic alembic",
    "middle": "fastapi uvicorn[standard] sqlalchemy[asyncio] asyncpg alembic celery[redis] boto3 httpx pydantic-settings "
    "sentry-sdk opentelemetry-sdk opentelemetry-exporter-otlp stripe jinja2 pillow cryptography python-multipart "
    "structlog numpy pandas orjson aiohttp google-auth tenacity",
    "large": "django djangorestframework celery pandas scikit-learn matplotlib mlflow dask[complete] jupyterlab boto3 "
    "sqlalchemy psycopg[binary] fastapi uvicorn[standard] polars pyarrow statsmodels xgboost plotly great-expectations "
    "openai langchain apache-airflow-client sentry-sdk google-cloud-storage google-cloud-bigquery opentelemetry-sdk "
    "transformers spacy beautifulsoup4 lxml",
}
MANIFEST = """[project]
name = "x"
version = "1"
requires-python = "==3.12.*"
dependencies = {dependencies}
[tool.uv]
environments = ["sys_platform == 'linux' and platform_machine == 'x86_64'"]
"""
BUILD_FILE = '[python]\nversion = "3.12"\n[stage.production]\ncommand = ["python"]\n'


def locks(name: str, uv: str) -> list[str]:
    """The locks of a project, oldest first. A date at which uv finds no solution is left out."""
    folder = HOME / "pybuild-replay" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(MANIFEST.format(dependencies=json.dumps(PROJECTS[name].split())))
    found = []
    for date in DATES:
        kept = folder / f"{date}.lock"
        if not kept.exists():
            (folder / "uv.lock").unlink(missing_ok=True)
            command = [uv, "lock", "--quiet", "--no-build", "--project", str(folder)]
            subprocess.run([*command, "--exclude-newer", f"{date}T00:00:00Z"], capture_output=True, check=False)
            if not (folder / "uv.lock").exists():
                continue
            (folder / "uv.lock").rename(kept)
        found.append(kept.read_text())
    return found


class Planner:
    """Asks `pybuild plan` for the layers of packages."""

    def __init__(self, binary: str, folder: pathlib.Path):
        self.binary, self.folder = binary, folder

    def layers(self, files: dict[str, str]) -> list[list[dict]]:
        """The packages of each layer, for a folder with these files."""
        for old in self.folder.iterdir():
            old.unlink()
        for name, text in files.items():
            (self.folder / name).write_text(text)
        command = [self.binary, "plan", str(self.folder), "--format", "json", "--platform", "linux/amd64"]
        plan = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        return [layer["packages"] for layer in json.loads(plan)["environments"][0]["layers"]]

    def locked(self, name: str, lock: str) -> dict[str, tuple[str, str, int]]:
        """Version, file and size of each package that a lock installs."""
        manifest = MANIFEST.format(dependencies=json.dumps(PROJECTS[name].split()))
        layers = self.layers({"pybuild.toml": BUILD_FILE, "pyproject.toml": manifest, "uv.lock": lock})
        packages = [package for layer in layers for package in layer if package.get("bytes")]
        return {one["name"]: (one["version"], one["artifact"], one["bytes"]) for one in packages}

    def image(self, state: dict[str, tuple[str, str, int]]) -> dict[frozenset, int]:
        """The layers of an image with these packages, each with its bytes."""
        lines = ['lock-version = "1.0"', 'created-by = "replay"']
        for name, (version, file, size) in sorted(state.items()):
            wheel = f'{{ url = "https://files.example/{file}", size = {size}, hashes = {{ sha256 = "{"0" * 64}" }} }}'
            lines += ["[[packages]]", f'name = "{name}"', f'version = "{version}"', f"wheels = [{wheel}]"]
        layers = self.layers({"pybuild.toml": BUILD_FILE, "pylock.toml": "\n".join(lines) + "\n"})
        return {frozenset((one["name"], one["artifact"]) for one in layer): sum(one["bytes"] for one in layer) for layer in layers}


def replay(name: str, uv: str, planner: Planner) -> dict:
    """What single changes cost over the history of a project."""
    states = [planner.locked(name, lock) for lock in locks(name, uv)]
    pushed, least, most = [], [], 0
    for old, new in zip(states, states[1:]):
        changed = sorted(package for package in {*old, *new} if old.get(package) != new.get(package))
        # An update changes what is there.
        changed = [package for package in changed if package in old and package in new]
        if not changed:
            continue
        before = planner.image(old)
        for package in changed:
            after = planner.image({**old, package: new[package]})
            most = max(most, len(after))
            pushed.append(sum(size for layer, size in after.items() if layer not in before))
            least.append(new[package][2])
    total = sum(size for _, _, size in states[-1].values())
    return {
        "packages": len(states[-1]),
        "bytes": total,
        "changes": len(pushed),
        "layers": most,
        "mean": statistics.mean(pushed),
        "median": statistics.median(pushed),
        "limit": statistics.mean(least),
    }


def table(rows: dict[str, dict]) -> str:
    """The table of the documentation."""
    lines = [
        "| Project | Packages | All wheels | Changes | Layers at most | Pushed, mean | Median | Limit, mean | Mean : limit |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in rows.items():
        size = {key: f"{row[key] / 1e6:.2f} MB" for key in ("mean", "median", "limit")}
        lines.append(
            f"| {name} | {row['packages']} | {row['bytes'] / 1e6:.0f} MB | {row['changes']} | {row['layers']} | "
            f"{size['mean']} | {size['median']} | {size['limit']} | {row['mean'] / row['limit']:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "target/debug/pybuild"))
    parser.add_argument("--uv", default=str(HOME / "pybuild-differential/venv/bin/uv"))
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        planner = Planner(options.binary, pathlib.Path(folder))
        rows = {name: replay(name, options.uv, planner) for name in PROJECTS}
    print(table(rows))
    if options.write_docs:
        page.write(page.PAGE, {"replay": table(rows)})


if __name__ == "__main__":
    main()
