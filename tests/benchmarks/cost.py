"""The instructions that fixed works take, compared with the committed counts.

Two works are counted: the frontend's planning of a lock of 500 packages, printed as JSON, and the unpacking of a wheel by the
tool. Both inputs are made here and are the same everywhere. callgrind counts the instructions of the whole process. Counts
differ a little between machines, because the C library chooses its functions by the processor, and much between compilers:
the committed counts are those of the binary of the frontend image, which the engine's own compiler makes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import growth
from engine import ROOT, CommandFailed, Engine, run

COMMITTED = Path(__file__).with_name("cost.json")
# The committed counts are those of this kind of processor.
MACHINE = "x86_64"
# How much higher a count may be.
BOUND = 1.10
PACKAGES = 500
# The exit code where nothing can be counted.
NOT_HERE = 3


class NotHere(Exception):
    """Why nothing can be counted on this machine."""


def planning(binary: str, folder: Path) -> int:
    """Plans a lock of 500 packages with conflicts and forks, and prints the graph."""
    project = folder / "project"
    growth.make_forked(project, PACKAGES)
    return counted([binary, "llb", str(project)], folder)


def unpacking(binary: str, folder: Path) -> int:
    """Unpacks one wheel into an empty environment, without bytecode."""
    wheel = make_wheel(folder / "fixed-1.0-py3-none-any.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    root = folder / "root"
    root.mkdir()
    command = [binary, "tool", "layer", "--root", str(root), "--prefix", "/venv", "--python", "3.11"]
    command += ["--interpreter", "/venv/bin/python", "--wheel", f"{wheel}:{digest}:requested"]
    count = counted(command, folder)
    unpacked = sum(1 for path in root.rglob("*") if path.is_file())
    if unpacked <= MODULES:
        raise CommandFailed(f"the tool has unpacked {unpacked} files of the fixed wheel")
    return count


WORKS = {f"planning of {PACKAGES} packages": planning, "unpacking of a wheel": unpacking}

MODULES = 400


def make_wheel(path: Path) -> Path:
    """A wheel of 400 modules and a library of two megabytes. The same seed gives the same contents."""
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz_", k=chance.randint(2, 12))) for _ in range(2000)]
    members = {}
    for number in range(MODULES):
        lines = (" ".join(chance.choices(words, k=8)) for _ in range(chance.randint(5, 300)))
        members[f"fixed/module_{number:03}.py"] = "\n".join(lines).encode()
    # Half of a compiled library compresses well.
    members["fixed/library.so"] = chance.randbytes(1_000_000) + bytes(1_000_000)
    members["fixed-1.0.dist-info/METADATA"] = b"Metadata-Version: 2.1\nName: fixed\nVersion: 1.0\n"
    members["fixed-1.0.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members["fixed-1.0.dist-info/RECORD"] = record(members).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return path


def record(members: dict[str, bytes]) -> str:
    """The list of a wheel's files with their hashes."""
    lines = []
    for name, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return "\n".join([*lines, "fixed-1.0.dist-info/RECORD,,", ""])


def counted(command: list[str], folder: Path) -> int:
    """The instructions that a command takes."""
    out = folder / "callgrind.out"
    run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *command], cwd=folder)
    summary = next(line for line in out.read_text().splitlines() if line.startswith(("summary:", "totals:")))
    return int(summary.split()[1])


def frontend_binary(folder: Path) -> str:
    """The binary of the frontend image, which is built unless the caller has said that it is there."""
    engine = Engine.up(None)
    engine.build_frontend()
    engine.docker("pull", "--quiet", engine.frontend)
    container = engine.docker("create", engine.frontend).split()[-1]
    try:
        engine.docker("cp", "--quiet", f"{container}:/pybuild", str(folder / "pybuild"))
    finally:
        engine.docker("rm", container)
    return str(folder / "pybuild")


def need_valgrind() -> None:
    """Installs valgrind where it is missing and Debian's packages can be installed."""
    if shutil.which("valgrind") is None and shutil.which("apt-get") and os.geteuid() == 0:
        print("==> installing valgrind", file=sys.stderr)
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "valgrind"]):
            subprocess.run(["apt-get", *arguments], stdout=sys.stderr, check=False)
    if shutil.which("valgrind") is None:
        raise NotHere("valgrind is missing: install it, with `apt-get install valgrind` on Debian")


def compare(counts: dict[str, int], committed: dict[str, int]) -> bool:
    """Prints each count beside the committed one, and tells whether all are within the bound."""
    fine = True
    for name, count in counts.items():
        known = committed.get(name)
        if known is None:
            print(f"MISSED: {name}: {count:,} instructions, and no committed count: run tests/cost --write")
            fine = False
            continue
        share = count / known
        verdict = "reached" if share <= BOUND else "MISSED"
        fine = fine and share <= BOUND
        print(f"{verdict}: {name}: {count:,} instructions, {share - 1:+.1%} of the committed {known:,}")
        if share < 2 - BOUND:
            print("  far fewer than committed: renew the count with tests/cost --write, so that the gain is kept")
    if not fine:
        print("a count may be 10 % above the committed one; if more is meant: tests/cost --write, and say why in the commit")
    return fine


def main() -> int:
    """Counts, and compares or writes."""
    parser = argparse.ArgumentParser(prog="tests/cost", description=__doc__.splitlines()[0])
    parser.add_argument("--binary", help="the binary to be counted (default: that of the frontend image)")
    parser.add_argument("--write", action="store_true", help="write the counts in place of comparing them")
    options = parser.parse_args()
    try:
        if platform.machine() != MACHINE:
            raise NotHere(f"the committed counts are those of {MACHINE}, and this machine is {platform.machine()}")
        need_valgrind()
        with tempfile.TemporaryDirectory() as name:
            binary = str(Path(options.binary).resolve()) if options.binary else frontend_binary(Path(name))
            counts = {}
            for work, count in WORKS.items():
                folder = Path(name) / work.split()[0]
                folder.mkdir()
                counts[work] = count(binary, folder)
    except NotHere as reason:
        print(f"tests/cost: nothing was counted: {reason}", file=sys.stderr)
        return NOT_HERE
    except CommandFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    if options.write:
        COMMITTED.write_text(json.dumps(counts, indent=2) + "\n")
        for work, count in counts.items():
            print(f"{work}: {count:,} instructions")
        print(f"written to {COMMITTED.relative_to(ROOT)}")
        return 0
    committed = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {}
    return 0 if compare(counts, committed) else 1


if __name__ == "__main__":
    sys.exit(main())
