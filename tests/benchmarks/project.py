"""The project that is built: resolved once, then the same locked versions for every way of building it."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

from engine import Engine, run

TEMPLATE = Path(__file__).with_name("project")
# The same with PyTorch and its CUDA libraries, which are some gigabytes.
GPU_TEMPLATE = Path(__file__).with_name("project-gpu")
DOCKERFILES = Path(__file__).with_name("dockerfiles")
BEFORE = "requests==2.32.2"
AFTER = "requests==2.32.3"
QUICK = ("fastapi", "uvicorn", "requests", "jinja2", "sqlalchemy")


class Project:
    """A build context with all build files in it."""

    def __init__(self, folder: Path, engine: Engine, quick: bool, template: Path = TEMPLATE) -> None:
        """Resolves the project into `folder`; `quick` leaves a few small packages of it."""
        folder.mkdir(exist_ok=True)
        self.folder = folder / "context"
        self._locks = folder / "locks"
        self._uv = _install_uv(folder / "uv")
        shutil.copytree(template, self.folder)
        for file in DOCKERFILES.glob("*.Dockerfile"):
            shutil.copy(file, self.folder)
        build_file = self.folder / "pybuild.toml"
        _, text = build_file.read_text().split("\n", 1)
        build_file.write_text(f"# syntax={engine.frontend}\n{text}")
        if quick:
            self._shrink()
        self._resolve("before")
        manifest = self.folder / "pyproject.toml"
        manifest.write_text(manifest.read_text().replace(BEFORE, AFTER))
        self._resolve("after")
        self.lock("before")
        self.uv_image = self._push_uv(folder / "uv-image", engine)

    def _shrink(self) -> None:
        manifest = self.folder / "pyproject.toml"
        lines = manifest.read_text().splitlines(keepends=True)
        kept = [line for line in lines if "==" not in line or line.strip(' "').startswith((*QUICK, "requires"))]
        manifest.write_text("".join(kept))
        (self.folder / "app/main.py").write_text("import fastapi, requests, sqlalchemy\n")

    def _resolve(self, name: str) -> None:
        """Locks the project as it is, changing as little as possible, and keeps what belongs together."""
        run([self._uv, "lock", "--quiet"], cwd=self.folder)
        export = ["export", "--quiet", "--no-hashes", "--no-emit-project", "--no-annotate", "--no-header"]
        (self.folder / "requirements.txt").write_text(run([self._uv, *export], cwd=self.folder))
        target = self._locks / name
        target.mkdir(parents=True)
        for file in ("pyproject.toml", "uv.lock", "requirements.txt"):
            shutil.copy(self.folder / file, target / file)

    def _push_uv(self, folder: Path, engine: Engine) -> str:
        """Makes the image that a Dockerfile copies uv from."""
        version = run([self._uv, "--version"]).split()[1]
        image = f"{engine.registry}/pybuild-bench/uv:{version}"
        folder.mkdir()
        shutil.copy(self._uv, folder / "uv")
        file = str(DOCKERFILES / "uv-binary.Dockerfile")
        engine.docker("buildx", "build", "-q", "--provenance=false", "-f", file, "-t", image, "--push", str(folder))
        return image

    def packages(self) -> int:
        """How many packages are locked, without the project itself."""
        return len((self._locks / "before/requirements.txt").read_text().split("\n")) - 1

    def lock(self, name: str) -> None:
        """Puts the locked versions `before` or `after` the bump in place."""
        for file in (self._locks / name).iterdir():
            shutil.copy(file, self.folder / file.name)

    def touch_code(self) -> None:
        """Changes one line of the app's code to one that it never had."""
        with (self.folder / "app/__init__.py").open("a") as file:
            file.write(f"CHANGED = {time.time_ns()}\n")

    def set_bytecode(self, wanted: bool) -> None:
        """Sets whether our build compiles bytecode."""
        file = self.folder / "pybuild.toml"
        file.write_text(re.sub(r"bytecode = \w+", f"bytecode = {str(wanted).lower()}", file.read_text()))


def _install_uv(folder: Path) -> str:
    run(["python3", "-m", "venv", str(folder)])
    run([str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "uv"])
    return str(folder / "bin/uv")
