#!/usr/bin/env python3
"""Load on one engine, by hand: many builds at once, then a soak of random edits and builds.

    eval "$(tests/engine/engine env)"
    tests/benchmarks/load.py --at-once 50 --minutes 10 --seed 1

Ten small projects are made in a temporary folder. Their wheels lie in the context, so nothing is fetched but the base image
and the frontend. Each edit is one that people do: change code, bump a package, add one, change a stage, break the build
file and mend it. A build of a broken file has to fail, every other one has to go well. What comes out is printed: counts,
every message of a failure, memory of the engine's processes before and after, and what was left behind. The exit code is 1
if a build did not end as it had to, or something was left.
"""

import argparse
import base64
import collections
import concurrent.futures
import hashlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import zipfile

ENGINE = {"dockerd", "containerd", "buildkitd"}
LONGEST = 900


def wheel(folder, name, version, size):
    """A wheel whose bytes are always the same, and its hash."""
    info = f"{name}-{version}.dist-info"
    noise = hashlib.shake_256(f"{name} {version}".encode()).digest(size)
    members = {
        f"{name}/__init__.py": f"VERSION = {version!r}\n".encode(),
        f"{name}/data.bin": noise,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: load\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }

    def row(path, content):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        return f"{path},sha256={digest},{len(content)}\n"

    record = "".join(row(path, content) for path, content in members.items()) + f"{info}/RECORD,,\n"
    members[f"{info}/RECORD"] = record.encode()
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), content)
    return path.name, hashlib.sha256(path.read_bytes()).hexdigest()


class Project:
    """A project that knows how it can be edited."""

    def __init__(self, folder, number, frontend):
        self.folder, self.number, self.frontend = folder, number, frontend
        self.versions = {f"load{number}x{place}": 1 for place in range(1 + number % 5)}
        self.code = self.check = 0
        self.broken = False
        (folder / "wheels").mkdir(parents=True)
        self.write()

    def write(self):
        lock = 'lock-version = "1.0"\ncreated-by = "load"\n'
        for name, version in self.versions.items():
            file, digest = wheel(self.folder / "wheels", name, f"{version}.0", 20000 * (self.number + 1))
            lock += (
                f'\n[[packages]]\nname = "{name}"\nversion = "{version}.0"\n'
                f'wheels = [{{ path = "wheels/{file}", hashes = {{ sha256 = "{digest}" }} }}]\n'
            )
        (self.folder / "pylock.toml").write_text(lock)
        imports = "".join(f"import {name}\n" for name in self.versions)
        (self.folder / "app.py").write_text(f"{imports}print({self.code})\n")
        build = f'# syntax={self.frontend}\npython.version = "3.11"\n'
        build += f'[stage.test]\nchecks.imports = "python app.py # {self.check}"\n'
        build += '[stage.production]\nrequires = ["test"]\ncommand = ["python", "app.py"]\n'
        if self.broken:
            build += "comand = 1\n"
        (self.folder / "pybuild.toml").write_text(build)

    def edit(self, chance):
        """One edit, by its name."""
        if self.broken:
            self.broken = False
            self.write()
            return "mend"
        name = chance.choice(["code", "code", "bump", "add", "stage", "break"])
        if name == "code":
            self.code += 1
        elif name == "bump":
            self.versions[chance.choice(sorted(self.versions))] += 1
        elif name == "add" and len(self.versions) < 12:
            self.versions[f"load{self.number}y{len(self.versions)}"] = 1
        elif name == "stage":
            self.check += 1
        else:
            self.broken = name == "break"
        self.write()
        return name

    def build(self):
        """Builds, and gives the message of a build that did not end as it had to."""
        command = ["docker", "buildx", "build", "--progress", "plain", "--output", "type=cacheonly"]
        command += ["--file", "pybuild.toml", "."]
        try:
            ended = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            return f"project {self.number}: not ended after {LONGEST} s"
        if (ended.returncode == 0) != self.broken:
            return None
        told = "a broken file was built" if self.broken else ended.stderr.strip()[-600:]
        return f"project {self.number}: {told}"


def processes():
    """The engine's processes: id, name and resident memory in MiB."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name = (entry / "comm").read_text().strip()
            if name in ENGINE or name.startswith("containerd-shim"):
                status = (entry / "status").read_text()
                memory = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
                yield int(entry.name), name, int(memory.split()[1]) / 1024
        except (OSError, StopIteration):
            continue


def state():
    """What there is: memory by process, mounts as the engine sees them, containers."""
    memory, mounts = collections.Counter(), 0
    for number, name, size in processes():
        memory[name] += size
        if name in ("dockerd", "buildkitd"):
            try:
                mounts += len(pathlib.Path(f"/proc/{number}/mountinfo").read_text().splitlines())
            except OSError:
                pass
    listed = subprocess.run(["docker", "ps", "--all", "--quiet"], capture_output=True, text=True, check=True)
    return {"memory": memory, "mounts": mounts, "containers": len(listed.stdout.split())}


def show(title, found):
    memory = ", ".join(f"{name} {size:.0f} MiB" for name, size in sorted(found["memory"].items()))
    print(f"{title}: {memory}; {found['mounts']} mounts; {found['containers']} containers", flush=True)


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--at-once", type=int, default=50, help="builds at once in the first part")
    asked.add_argument("--minutes", type=float, default=10, help="how long the second part takes at most")
    asked.add_argument("--workers", type=int, default=4, help="builds at once in the second part")
    asked.add_argument("--seed", type=int, default=1, help="which edits are made")
    asked = asked.parse_args()
    frontend = os.environ.get("PYBUILD_FRONTEND", "localhost:5000/pybuild:dev")
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        projects = [Project(pathlib.Path(folder, str(number)), number, frontend) for number in range(10)]
        before = state()
        show("before", before)
        if asked.at_once:
            start = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(asked.at_once) as pool:
                ended = list(pool.map(lambda place: projects[place % 10].build(), range(asked.at_once)))
            wrong = [message for message in ended if message]
            failures += wrong
            print(f"at once: {len(ended)} builds, {len(wrong)} wrong, {time.monotonic() - start:.0f} s", flush=True)
            show("after the builds at once", state())
        until = time.monotonic() + 60 * asked.minutes
        counts = collections.Counter()

        def soak(worker):
            # Each worker has projects of its own: nobody edits a folder while another builds it.
            chance = random.Random(asked.seed * 1000 + worker)
            own = projects[worker :: asked.workers]
            wrong = []
            while own and time.monotonic() < until:
                project = chance.choice(own)
                counts[project.edit(chance)] += 1
                message = project.build()
                if message:
                    wrong.append(message)
            return wrong

        with concurrent.futures.ThreadPoolExecutor(asked.workers) as pool:
            for wrong in pool.map(soak, range(asked.workers)):
                failures += wrong
        edits = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        print(f"soak: {sum(counts.values())} builds ({edits})", flush=True)
    after = state()
    show("after", after)
    # An engine ends what a build used a little later.
    deadline = time.monotonic() + 60
    while after["mounts"] > before["mounts"] and time.monotonic() < deadline:
        time.sleep(2)
        after = state()
    left = [name for name in ("mounts", "containers") if after[name] > before[name]]
    for name in left:
        print(f"left: {after[name] - before[name]} {name}")
    for message in failures:
        print(f"--- {message}")
    print(f"{len(failures)} failures")
    return 1 if failures or left else 0


if __name__ == "__main__":
    sys.exit(main())
