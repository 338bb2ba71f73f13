"""Whole builds, from an empty engine to an image in a registry: ours, and the usual Dockerfiles.

The ways alternate build by build, so that what else the machine does hits all of them. Each way pushes to a registry of its
own, which is empty at the start of a round: bytes pushed are those of the blobs that the registry did not have before, so they
are exactly what had to be sent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine import CommandFailed, Engine, timed
from machine import Machine, processor_seconds
from progress import step_times
from project import Project
from registry import Registry

OURS = "pybuild"
# The repository of the images.
APP = "app"
WAYS = ("pip", "pip-cache", "uv", OURS)
EMPTIED = "bump, emptied engine"
EMPTIED_PUSHED = "bump, emptied engine, only pushed"
BUILDS = ("cold", "no change", "code change", "bump", EMPTIED, EMPTIED_PUSHED)
# Builds that take a second or so are done more than once a round.
REPEATED = 3
# How many of a build's steps are kept with the results.
LONGEST = 10
# Collecting garbage may remove a layer while an image is unpacked onto it (moby/buildkit issue 6521; newer engines do not).
ENGINE_RACE = "failed to prepare extraction snapshot"


@dataclass(frozen=True)
class Kind:
    """What differs between two runs of the same builds."""

    bytecode: bool
    compression: str = "gzip"


KINDS = {
    "no-bytecode": Kind(bytecode=False),
    "bytecode": Kind(bytecode=True),
    "no-bytecode-zstd": Kind(bytecode=False, compression="zstd"),
    "bytecode-zstd": Kind(bytecode=True, compression="zstd"),
}


@dataclass(frozen=True)
class Sample:
    """One build that was measured."""

    seconds: float
    bytes_pushed: int
    image_bytes: int
    # Of the layers, into the engine's own store; none where that does not tell.
    unpack_seconds: float
    # The whole export: layers are made, pushed, and unpacked into the engine's own store.
    export_seconds: float
    longest: list[tuple[str, float]]
    # Of the whole machine while the build ran, so of the client, the engine, the registry and every step.
    processor_seconds: float
    # Whether the machine was quiet when the build began.
    quiet: bool


class Way:
    """One way of building, with the registry that its images are pushed to."""

    def __init__(self, name: str, registry: Registry) -> None:
        """A way has pushed nothing at first."""
        self.name = name
        self.registry = registry
        self.known: dict[str, dict[str, int]] = {}
        self.builds = 0

    def begin(self) -> None:
        """Empties the registry."""
        self.known.clear()
        self.registry.start_empty()

    def tag(self, repository: str) -> str:
        """A tag for each build, as CI jobs have: moving one has the engine remove an image while it unpacks another."""
        # A registry that is not ours keeps what it has, so the ways have to differ there.
        return f"{self.registry.address}/{repository}-{self.name}:{self.builds}"


@dataclass
class Round:
    """A round of builds: every build of every way once, those that are short several times."""

    engine: Engine
    project: Project
    machine: Machine
    logs: Path
    # The build to be done on an emptied engine.
    emptied: str
    # Whether the engine is emptied at all.
    emptying: bool
    number: int
    kind_name: str

    @property
    def kind(self) -> Kind:
        """What is measured in this round."""
        return KINDS[self.kind_name]

    def run(self, ways: list[Way]) -> Iterator[tuple[str, str, Sample]]:
        """All builds: each with the name of the way and of the build, as soon as it is measured."""
        project = self.project
        project.lock("before")
        project.set_bytecode(self.kind.bytecode)
        for way in ways:
            way.begin()
        # Whoever begins has no advantage over the rounds.
        ways = _rotated(ways, self.number)
        for way in ways:
            yield way.name, "cold", self._measured("cold", way, APP, self._empty)
        for way in ways[:-1] if self.emptying else []:
            # Emptied for the others, the engine has only the last one's steps.
            self._build("prepared", way, APP)
        for name, before in (("no change", lambda: None), ("code change", project.touch_code)):
            for turn in range(REPEATED):
                for way in _rotated(ways, turn):
                    yield way.name, name, self._measured(name, way, APP, before)
        project.lock("after")
        for way in ways:
            yield way.name, "bump", self._measured("bump", way, APP)
            self._check(way)
        if self.engine.store != "containerd":
            # The classic store cannot export a cache to a registry.
            return
        project.lock("before")
        for way in ways:
            self._build("seed", way, "ci", "--cache-to", f"{self._cache(way)},mode=max")
        project.lock("after")
        for way in ways:
            cache = self._cache(way)
            options = ("--cache-from", cache, "--cache-to", f"{cache},mode=max")
            yield way.name, self.emptied, self._measured(self.emptied, way, "ci", self._empty, *options)

    def cold_and_bump(self, ways: list[Way]) -> Iterator[tuple[str, str, Sample]]:
        """A cold build of each way and the bump right after, for images so large that the engine holds one way's alone."""
        self.project.set_bytecode(self.kind.bytecode)
        for way in _rotated(ways, self.number):
            way.begin()
            self.project.lock("before")
            yield way.name, "cold", self._measured("cold", way, APP, self._empty)
            self.project.lock("after")
            yield way.name, "bump", self._measured("bump", way, APP)
            self._check(way)

    def _empty(self) -> None:
        if self.emptying:
            self.engine.empty()

    def _cache(self, way: Way) -> str:
        return f"type=registry,ref={way.tag('ci').rsplit(':', 1)[0]}:cache"

    def _measured(
        self, name: str, way: Way, repository: str, before: Callable[[], None] = lambda: None, *options: str
    ) -> Sample:
        """A build on a machine that is quiet, once more where the engine itself has failed: that is no measurement."""
        for is_last in (False, True):
            before()
            quiet = self.machine.wait()
            try:
                return self._build(name, way, repository, *options, quiet=quiet)
            except CommandFailed as failure:
                if is_last or ENGINE_RACE not in str(failure):
                    raise
                print(f"  once more, since the engine failed: {failure}", file=sys.stderr)
        raise AssertionError("the second try ends the loop")

    def _build(self, name: str, way: Way, repository: str, *options: str, quiet: bool = True) -> Sample:
        file = f"{self.engine.store}-{self.kind_name}-{name.replace(', ', ' ').replace(' ', '-')}-{way.name}-{self.number}.log"
        log = self.logs / file
        way.builds += 1
        image = way.tag(repository)
        command = [*self._command(way.name), *self._output(name, image), *options, str(self.project.folder)]
        used = processor_seconds()
        seconds = timed(command, self.engine.environment, log)
        used = processor_seconds() - used
        blobs = way.registry.blobs(image)
        if "--cache-to" in command:
            blobs |= way.registry.blobs(f"{image.rsplit(':', 1)[0]}:cache")
        known = way.known.setdefault(repository, {})
        new = sum(size for digest, size in blobs.items() if digest not in known)
        known.update(blobs)
        steps = step_times(log)
        unpacking = sum(took for step, took in steps if step.startswith("exporting: unpacking"))
        exporting = sum(took for step, took in steps if step.startswith("exporting to "))
        return Sample(seconds, new, sum(way.registry.layers(image)), unpacking, exporting, steps[:LONGEST], used, quiet)

    def _output(self, name: str, image: str) -> list[str]:
        if name != EMPTIED_PUSHED and self.kind.compression == "gzip":
            return ["--push", "-t", image]
        output = f"type=image,name={image},push=true"
        if name == EMPTIED_PUSHED:
            output += ",store=false"
        if self.kind.compression != "gzip":
            # Layers that are compressed otherwise, as those of the base, would stay as they are.
            output += f",compression={self.kind.compression},force-compression=true,oci-mediatypes=true"
        return ["--output", output]

    def _command(self, way: str) -> list[str]:
        project = self.project
        command = ["docker", "buildx", "build", "--progress", "rawjson"]
        file = "pybuild.toml" if way == OURS else f"{way}.Dockerfile"
        command += ["-f", str(project.folder / file)]
        if way.startswith("pip"):
            command += ["--build-arg", f"PIP_COMPILE={int(self.kind.bytecode)}"]
        if way.startswith("uv"):
            command += ["--build-arg", f"UV_COMPILE_BYTECODE={int(self.kind.bytecode)}"]
            command += ["--build-arg", f"UV_IMAGE={project.uv_image}"]
        return command

    def _check(self, way: Way) -> None:
        """Has the image that was made import what it should, in the version that it was bumped to."""
        program = "import app.main, requests; assert requests.__version__ == '2.32.3'"
        self.engine.docker("run", "--rm", "--workdir", "/app", way.tag(APP), "python", "-c", program)


def _rotated(ways: list[Way], by: int) -> list[Way]:
    by %= len(ways)
    return ways[by:] + ways[:by]
