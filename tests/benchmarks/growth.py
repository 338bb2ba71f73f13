"""What the frontend costs for locks of growing size. The locks are made up, and nothing of them is downloaded."""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine import Engine
from overhead import cost, view
from report import Rows

SIZES = (50, 500, 2000)
# The wheels that a package with compiled code has: tags of interpreter, ABI and platform.
PYTHONS = ("cp39", "cp310", "cp311", "cp312", "cp313")
PLATFORMS = (
    "macosx_10_9_x86_64",
    "macosx_11_0_arm64",
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "musllinux_1_2_x86_64",
    "win_amd64",
)
HOST = "https://packages.example.org"


def growth_rows(engine: Engine, work: Path) -> Rows:
    """A row for each format and size."""
    rows: Rows = {}
    for lock, write in (("pylock.toml", _pylock), ("uv.lock", _uv_lock)):
        for count in SIZES:
            context = work / f"growth-{lock}-{count}"
            context.mkdir()
            packages = [_Package(number, count) for number in range(count)]
            (context / "pybuild.toml").write_text(
                f'# syntax={engine.frontend}\n[python]\nversion = "3.11"\n[dependencies]\nlock = "{lock}"\n'
                '[stage.production]\ncommand = ["python"]\n'
            )
            (context / "pyproject.toml").write_text(_manifest())
            (context / lock).write_text(write(packages))
            row = {"lock": lock, "packages": count, **cost(engine, context, work / "view")}
            row["lock_bytes"] = (context / lock).stat().st_size
            row["graph_json_bytes"] = len(view(engine, context, "debug:llb", work / "view"))
            rows[f"growth/{lock}/{count}"] = row
    return rows


class _Package:
    """A made-up package: every fourth has compiled code and thirty wheels, the others have one."""

    def __init__(self, number: int, count: int) -> None:
        self.name = f"package-{number:04}"
        self.version = f"1.{number % 7}.{number % 5}"
        # Each is needed by one with a lower number, so that all are reached from the first.
        self.needs = [f"package-{other:04}" for other in (2 * number + 1, 2 * number + 2) if other < count]
        stem = f"package_{number:04}-{self.version}"
        if number % 4 == 0:
            self.files = [f"{stem}-{python}-{python}-{tag}.whl" for python in PYTHONS for tag in PLATFORMS]
        else:
            self.files = [f"{stem}-py3-none-any.whl"]
        # A tenth is heavy enough for a layer of its own.
        self.size = 3_000_000 if number % 10 == 0 else 40_000 + number
        self.source = f"{stem}.tar.gz"


def _hash(file: str) -> str:
    return hashlib.sha256(file.encode()).hexdigest()


def _url(file: str) -> str:
    digest = _hash(file)
    return f"{HOST}/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file}"


def _manifest() -> str:
    return (
        '[project]\nname = "grown"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        'dependencies = ["package-0000"]\n[tool.uv]\npackage = false\n'
    )


def _pylock(packages: list[_Package]) -> str:
    lines = ['lock-version = "1.0"', 'created-by = "bench"', 'requires-python = ">=3.11"', ""]
    for package in packages:
        lines += ["[[packages]]", f'name = "{package.name}"', f'version = "{package.version}"']
        lines += [f"sdist = {_pylock_file(package.source, package.size)}", "wheels = ["]
        lines += [f"    {_pylock_file(file, package.size)}," for file in package.files]
        lines += ["]", ""]
    return "\n".join(lines)


def _pylock_file(file: str, size: int) -> str:
    return f'{{ name = "{file}", url = "{_url(file)}", size = {size}, hashes = {{ sha256 = "{_hash(file)}" }} }}'


def _uv_lock(packages: list[_Package]) -> str:
    lines = ["version = 1", "revision = 3", 'requires-python = ">=3.11"', ""]
    lines += ["[[package]]", 'name = "grown"', 'version = "1.0"', 'source = { virtual = "." }']
    lines += ['dependencies = [{ name = "package-0000" }]', "", "[package.metadata]"]
    lines += ['requires-dist = [{ name = "package-0000" }]', ""]
    for package in packages:
        lines += ["[[package]]", f'name = "{package.name}"', f'version = "{package.version}"']
        lines += [f'source = {{ registry = "{HOST}/simple" }}']
        if package.needs:
            lines += ["dependencies = ["] + [f'    {{ name = "{name}" }},' for name in package.needs] + ["]"]
        lines += [f"sdist = {_uv_file(package.source, package.size)}", "wheels = ["]
        lines += [f"    {_uv_file(file, package.size)}," for file in package.files]
        lines += ["]", ""]
    return "\n".join(lines)


def _uv_file(file: str, size: int) -> str:
    return f'{{ url = "{_url(file)}", hash = "sha256:{_hash(file)}", size = {size} }}'
