"""The engine under test: its commands, its environment, and how it is emptied."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests/engine/engine"


class CommandFailed(Exception):
    """A command that ended with an error, and what it printed."""


def run(command: list[str], environment: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """What a command prints to its standard output.

    Raises CommandFailed with all of its output.
    """
    result = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise CommandFailed(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout


@dataclass(frozen=True)
class Engine:
    """A Docker that answers, with one of its two image stores."""

    store: str
    environment: dict[str, str]

    @classmethod
    def up(cls, store: str | None) -> Engine:
        """Starts or finds the engine; `store` is `containerd`, `classic`, or None for the one that it has."""
        subprocess.run([SCRIPT, "up", *([f"--{store}"] if store else [])], check=True)
        lines = f'eval "$({SCRIPT} env)" && env -0'
        pairs = (entry.split("=", 1) for entry in run(["bash", "-c", lines]).split("\0") if "=" in entry)
        environment = {name: value for name, value in pairs if name != "_"}
        return cls(environment["PYBUILD_ENGINE_STORE"], environment)

    @property
    def registry(self) -> str:
        """The registry with the base images and the frontend."""
        return self.environment["PYBUILD_REGISTRY"]

    @property
    def frontend(self) -> str:
        """The frontend image's name."""
        return self.environment["PYBUILD_FRONTEND"]

    @property
    def folder(self) -> Path | None:
        """The folder of an engine that this repository's script started; None if the Docker is somebody else's."""
        folder = Path(os.environ.get("PYBUILD_ENGINE_DIR", "/var/lib/pybuild-engine"))
        return folder if self.environment.get("DOCKER_HOST") == f"unix://{folder}/run/docker.sock" else None

    def build_frontend(self) -> None:
        """Builds the frontend image, unless the caller has said that it is there."""
        if self.environment.get("PYBUILD_FRONTEND_READY") != "1":
            subprocess.run([SCRIPT, "frontend"], env=self.environment, check=True)

    def docker(self, *arguments: str) -> str:
        """What a docker command prints."""
        return run(["docker", *arguments], self.environment)

    def version(self) -> str:
        """The version of the daemon."""
        return self.docker("version", "--format", "{{.Server.Version}}").strip()

    def empty(self) -> None:
        """Removes every image and the whole build cache, cache mounts too: nothing is left but the registry.

        Raises CommandFailed if the Docker is somebody else's and nobody has allowed it.
        """
        if self.folder is None and self.environment.get("PYBUILD_BENCH_EMPTY") != "1":
            raise CommandFailed(
                "this would remove all images and the build cache of a Docker that is not the benchmark's own: "
                "set PYBUILD_BENCH_EMPTY=1 to allow it, or PYBUILD_ENGINE_OWN=1 for an engine of our own"
            )
        self.docker("image", "prune", "-af")
        self.docker("buildx", "prune", "-af")
        # What was removed is deleted a little later, and that should not happen during a measurement.
        time.sleep(3)
        run(["sync"])


def timed(command: list[str], environment: dict[str, str], log: Path) -> float:
    """Seconds that a command takes from its start to its end; what it prints goes to `log`.

    Raises CommandFailed with what the command said of it.
    """
    with log.open("wb") as output:
        start = time.monotonic()
        result = subprocess.run(command, env=environment, stdout=output, stderr=output, check=False)
        seconds = time.monotonic() - start
    if result.returncode != 0:
        # Progress is JSON, what went wrong is not.
        lines = (line for line in log.read_text(errors="replace").splitlines() if not line.startswith("{"))
        raise CommandFailed("\n".join([" ".join(command), *lines, f"the whole log: {log}"]))
    return seconds
