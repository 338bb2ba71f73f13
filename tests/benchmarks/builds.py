"""Whole builds, from an empty engine to an image in a registry: ours, and the usual Dockerfiles.

Bytes pushed are those of the blobs that the build's repository did not have before. The registry is empty at the
start and only these builds push to it, so they are exactly what had to be sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine import Engine, timed
from progress import step_times
from project import Project
from registry import Registry

OURS = "pybuild"
WAYS = ("pip", "pip-cache", "uv", OURS)
EMPTIED = "bump, emptied engine"
EMPTIED_PUSHED = "bump, emptied engine, only pushed"
BUILDS = ("cold", "no change", "code change", "bump", EMPTIED, EMPTIED_PUSHED)
# Builds that take a second or so are done more than once a round.
REPEATED = 3
# How many of a build's steps are kept with the results.
LONGEST = 10


@dataclass(frozen=True)
class Sample:
    """One build that was measured."""

    seconds: float
    bytes_pushed: int
    image_bytes: int
    # Of the layers, into the engine's own store; none where that does not tell.
    unpack_seconds: float
    longest: list[tuple[str, float]]


class Sequence:
    """The builds of one way, one after the other, each into the same repository."""

    def __init__(self, engine: Engine, registry: Registry, project: Project, logs: Path, emptied: str) -> None:
        """`logs` is the folder for what builds print, `emptied` the build to be done on an emptied engine."""
        self._engine = engine
        self._registry = registry
        self._project = project
        self._logs = logs
        self._emptied = emptied
        self._known: dict[str, dict[str, int]] = {}
        self._builds = 0

    def run(self, way: str, bytecode: bool, emptying: bool, round_: int) -> dict[str, list[Sample]]:
        """All builds; the registry is emptied first, and unless `emptying` is false the engine too."""
        project, engine = self._project, self._engine
        kind = "bytecode" if bytecode else "no-bytecode"
        project.lock("before")
        project.set_bytecode(bytecode)
        self._known.clear()
        self._registry.start_empty()
        if emptying:
            engine.empty()

        def build(name: str, repository: str, *options: str) -> Sample:
            log = self._logs / f"{engine.store}-{kind}-{name.replace(', ', ' ').replace(' ', '-')}-{way}-{round_}.log"
            self._builds += 1
            tag = self._tag(repository)
            output = ["--push", "-t", tag]
            if name == EMPTIED_PUSHED:
                output = ["--output", f"type=image,name={tag},push=true,store=false"]
            return self._build(self._command(way, bytecode, output, *options), repository, log)

        def often(name: str, before: Callable[[], None]) -> list[Sample]:
            samples = []
            for _ in range(REPEATED):
                before()
                samples.append(build(name, "app"))
            return samples

        samples = {"cold": [build("cold", "app")]}
        samples["no change"] = often("no change", lambda: None)
        samples["code change"] = often("code change", project.touch_code)
        project.lock("after")
        samples["bump"] = [build("bump", "app")]
        self._check(f"{self._registry.address}/app:{self._builds}")
        if engine.store == "containerd":
            # The classic store cannot export a cache to a registry.
            project.lock("before")
            cache = f"type=registry,ref={self._registry.address}/ci:cache"
            build("seed", "ci", "--cache-to", f"{cache},mode=max")
            if emptying:
                engine.empty()
            project.lock("after")
            fresh = build(self._emptied, "ci", "--cache-from", cache, "--cache-to", f"{cache},mode=max")
            samples[self._emptied] = [fresh]
        return samples

    def _tag(self, repository: str) -> str:
        """A tag for each build, as CI jobs have: moving one has the engine remove an image while it unpacks another."""
        return f"{self._registry.address}/{repository}:{self._builds}"

    def _command(self, way: str, bytecode: bool, output: list[str], *options: str) -> list[str]:
        command = ["docker", "buildx", "build", "--progress", "rawjson", *output, *options]
        if way == OURS:
            command += ["-f", str(self._project.folder / "pybuild.toml")]
        else:
            command += ["-f", str(self._project.folder / f"{way}.Dockerfile")]
        if way.startswith("pip"):
            command += ["--build-arg", f"PIP_COMPILE={int(bytecode)}"]
        if way == "uv":
            command += ["--build-arg", f"UV_COMPILE_BYTECODE={int(bytecode)}"]
            command += ["--build-arg", f"UV_IMAGE={self._project.uv_image}"]
        return [*command, str(self._project.folder)]

    def _build(self, command: list[str], repository: str, log: Path) -> Sample:
        image = self._tag(repository)
        seconds = timed(command, self._engine.environment, log)
        blobs = self._registry.blobs(image)
        if "--cache-to" in command:
            blobs |= self._registry.blobs(f"{self._registry.address}/{repository}:cache")
        known = self._known.setdefault(repository, {})
        new = sum(size for digest, size in blobs.items() if digest not in known)
        known.update(blobs)
        steps = step_times(log)
        unpacking = sum(took for name, took in steps if name.startswith("exporting: unpacking"))
        return Sample(seconds, new, self._registry.image_bytes(image), unpacking, steps[:LONGEST])

    def _check(self, image: str) -> None:
        """Has the image that was made import what it should, in the version that it was bumped to."""
        program = "import app.main, requests; assert requests.__version__ == '2.32.3'"
        self._engine.docker("run", "--rm", "--workdir", "/app", image, "python", "-c", program)
