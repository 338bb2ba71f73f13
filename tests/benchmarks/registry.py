"""A registry for what is pushed, and what a push has brought there.

An image store remembers what it has pushed where, and a registry what it has been given. So that no build profits
from the one before, the registry is started empty for each sequence of builds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from engine import Engine

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Registry:
    """A registry on the loopback interface."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        """`folder` is where a registry of our own keeps its data and its log."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        root = engine.folder
        self._program = root if root and (root / "usr/bin/docker-registry").exists() else None
        self.address = f"localhost:{_free_port()}" if self._program else engine.registry

    def start_empty(self) -> None:
        """Starts a registry with nothing in it; that of a Docker which is not ours is used as it is."""
        self.stop()
        if self._program is None:
            return
        self._folder.mkdir(parents=True)
        settings = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self._folder / "data")}},
            "http": {"addr": self.address.replace("localhost", "127.0.0.1")},
        }
        # JSON is YAML.
        file = self._folder / "settings.yml"
        file.write_text(json.dumps(settings))
        libraries = f"{self._program}/usr/lib/x86_64-linux-gnu:{self._program}/usr/lib"
        loader = [str(self._program / "lib64/ld-linux-x86-64.so.2"), "--library-path", libraries]
        command = [*loader, str(self._program / "usr/bin/docker-registry"), "serve", str(file)]
        with (self._folder / "log").open("wb") as log:
            environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self._wait()

    def stop(self) -> None:
        """Ends a registry of our own and removes what was pushed to it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        if self._folder.exists():
            shutil.rmtree(self._folder)

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                _get(f"http://{self.address}/v2/")
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def blobs(self, reference: str) -> dict[str, int]:
        """Sizes of all that a tag consists of, by digest: manifests, configs, layers, attestations."""
        host, rest = reference.split("/", 1)
        repository, tag = rest.rsplit(":", 1)
        found: dict[str, int] = {}
        text = _get(f"http://{host}/v2/{repository}/manifests/{tag}")
        found[f"sha256:{hashlib.sha256(text).hexdigest()}"] = len(text)
        waiting = [json.loads(text)]
        while waiting:
            manifest = waiting.pop()
            # An exported cache is an index too, but of layers.
            for entry in [*manifest.get("manifests", []), manifest.get("config"), *manifest.get("layers", [])]:
                if entry is None or entry["digest"] in found:
                    continue
                found[entry["digest"]] = entry["size"]
                if entry["mediaType"] in MANIFESTS:
                    url = f"http://{host}/v2/{repository}/manifests/{entry['digest']}"
                    waiting.append(json.loads(_get(url)))
        return found

    def layers(self, reference: str) -> list[int]:
        """Sizes of the image's layers as they are pulled."""
        host, rest = reference.split("/", 1)
        repository, tag = rest.rsplit(":", 1)
        manifest = json.loads(_get(f"http://{host}/v2/{repository}/manifests/{tag}"))
        if "manifests" in manifest:
            image = next(m for m in manifest["manifests"] if m["platform"]["architecture"] != "unknown")
            manifest = json.loads(_get(f"http://{host}/v2/{repository}/manifests/{image['digest']}"))
        return [layer["size"] for layer in manifest["layers"]]


def _get(url: str) -> bytes:
    # Not through a proxy of the environment: the registry is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers={"Accept": ", ".join(MANIFESTS)}), timeout=10) as answer:
        return answer.read()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
