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
SOURCE = f'{{ registry = "{HOST}/simple" }}'


def growth_rows(engine: Engine, work: Path) -> Rows:
    """A row for each format and size."""
    rows: Rows = {}
    for kind, make in KINDS.items():
        for count in SIZES:
            context = work / f"growth-{kind.replace(' ', '-')}-{count}"
            lock = make(context, count)
            file = context / "pybuild.toml"
            file.write_text(f"# syntax={engine.frontend}\n{file.read_text()}")
            row = {"lock": kind, "packages": count, **cost(engine, context, work / "view")}
            row["lock_bytes"] = lock.stat().st_size
            row["graph_json_bytes"] = len(view(engine, context, "debug:llb", work / "view"))
            rows[f"growth/{kind}/{count}"] = row
    return rows


def make_pylock(context: Path, count: int) -> Path:
    """A project with a pylock.toml; gives the lock's path."""
    return _make(context, "pylock.toml", _manifest(""), _pylock(_packages(count)), "")


def make_uv(context: Path, count: int) -> Path:
    """A project with a uv.lock that has one version of each package; gives the lock's path."""
    return _make(context, "uv.lock", _manifest(""), _uv_lock(_packages(count)), "")


def make_forked(context: Path, count: int) -> Path:
    """A project whose uv.lock has two extras that conflict, and packages whose version depends on what is chosen.

    Of every ten packages, two have a version for each extra, and one has a version for older Pythons. The count is that
    of what the lock lists: a stage installs fewer.
    """
    packages = _packages(count * 10 // 13)
    stages = '[stage.cuda]\ngroups = ["gpu"]\ncommand = ["python"]\n'
    manifest = _manifest(
        '[project.optional-dependencies]\ncpu = ["package-0001==1.0.0"]\ngpu = ["package-0001==2.0.0"]\n',
        'conflicts = [[{ extra = "cpu" }, { extra = "gpu" }]]\n',
    )
    return _make(context, "uv.lock", manifest, _forked_uv_lock(packages), 'groups = ["cpu"]\n' + stages)


KINDS = {"pylock.toml": make_pylock, "uv.lock": make_uv, "uv.lock with conflicts and forks": make_forked}


def _make(context: Path, name: str, manifest: str, lock: str, more: str) -> Path:
    context.mkdir()
    (context / "pybuild.toml").write_text(
        f'[python]\nversion = "3.11"\n[dependencies]\nlock = "{name}"\n'
        f'[stage.production]\ncommand = ["python"]\n{more}'
    )
    (context / "pyproject.toml").write_text(manifest)
    (context / name).write_text(lock)
    return context / name


def _packages(count: int) -> list[_Package]:
    return [_Package(number, count) for number in range(count)]


class _Package:
    """A made-up package: every fourth has compiled code and thirty wheels, the others have one."""

    def __init__(self, number: int, count: int) -> None:
        self.name = f"package-{number:04}"
        self.number = number
        self.version = f"1.{number % 7}.{number % 5}"
        # Each is needed by one with a lower number, so that all are reached from the first.
        self.needs = [f"package-{other:04}" for other in (2 * number + 1, 2 * number + 2) if other < count]
        # A tenth is heavy enough for a layer of its own.
        self.size = 3_000_000 if number % 10 == 0 else 40_000 + number

    @property
    def files(self) -> list[str]:
        """The names of its wheels."""
        if self.number % 4 == 0:
            return [f"{self._stem}-{python}-{python}-{tag}.whl" for python in PYTHONS for tag in PLATFORMS]
        return [f"{self._stem}-py3-none-any.whl"]

    @property
    def source(self) -> str:
        """The name of its source archive."""
        return f"{self._stem}.tar.gz"

    @property
    def _stem(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}"

    @property
    def versions(self) -> list[tuple[str, str, str]]:
        """Its versions in a lock with forks: each with the forks that have it, and with the marker of an edge to it."""
        cpu, gpu = (f"extra == 'extra-5-grown-{extra}'" for extra in ("cpu", "gpu"))
        older, newer = "python_full_version < '3.12'", "python_full_version >= '3.12'"
        if self.number % 5 == 1:
            return [("1.0.0", "", cpu), ("2.0.0", "", f"{gpu} or extra != 'extra-5-grown-cpu'")]
        if self.number % 10 == 3:
            return [("1.0.0", older, older), ("2.0.0", newer, newer)]
        return [(self.version, "", "")]


def _hash(file: str) -> str:
    return hashlib.sha256(file.encode()).hexdigest()


def _url(file: str) -> str:
    digest = _hash(file)
    return f"{HOST}/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file}"


def _manifest(tables: str, settings: str = "") -> str:
    return (
        '[project]\nname = "grown"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        f'dependencies = ["package-0000"]\n{tables}[tool.uv]\npackage = false\n{settings}'
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
        lines += [f"source = {SOURCE}"]
        if package.needs:
            lines += ["dependencies = ["] + [f'    {{ name = "{name}" }},' for name in package.needs] + ["]"]
        lines += _uv_files(package)
    return "\n".join(lines)


def _forked_uv_lock(packages: list[_Package]) -> str:
    older, newer = "python_full_version < '3.12'", "python_full_version >= '3.12'"
    by_name = {package.name: package for package in packages}
    lines = ["version = 1", "revision = 3", 'requires-python = ">=3.11"']
    lines += [f'resolution-markers = ["{newer}", "{older}"]']
    lines += ['conflicts = [[{ package = "grown", extra = "cpu" }, { package = "grown", extra = "gpu" }]]', ""]
    lines += ["[[package]]", 'name = "grown"', 'version = "1.0"', 'source = { virtual = "." }']
    lines += ['dependencies = [{ name = "package-0000" }]', "", "[package.optional-dependencies]"]
    for extra, version in (("cpu", "1.0.0"), ("gpu", "2.0.0")):
        lines += [f'{extra} = [{{ name = "package-0001", version = "{version}", source = {SOURCE} }}]']
    lines += ["", "[package.metadata]", 'requires-dist = [{ name = "package-0000" },']
    for extra, version in (("cpu", "1.0.0"), ("gpu", "2.0.0")):
        marker = f"marker = \"extra == '{extra}'\""
        lines += [f'    {{ name = "package-0001", {marker}, specifier = "=={version}" }},']
    lines += ["]", 'provides-extras = ["cpu", "gpu"]', ""]
    for package in packages:
        for version, fork, _ in package.versions:
            package.version = version
            lines += ["[[package]]", f'name = "{package.name}"', f'version = "{version}"', f"source = {SOURCE}"]
            if len(package.versions) > 1:
                forks = [fork] if fork else [newer, older]
                lines += ["resolution-markers = [" + ", ".join(f'"{fork}"' for fork in forks) + "]"]
            edges = [edge for name in package.needs for edge in _edges(by_name[name])]
            lines += ["dependencies = [", *edges, "]"] if edges else []
            lines += _uv_files(package)
    return "\n".join(lines)


def _edges(package: _Package) -> list[str]:
    if len(package.versions) == 1:
        return [f'    {{ name = "{package.name}" }},']
    return [
        f'    {{ name = "{package.name}", version = "{version}", source = {SOURCE}, marker = "{marker}" }},'
        for version, _, marker in package.versions
    ]


def _uv_files(package: _Package) -> list[str]:
    files = [f"    {_uv_file(file, package.size)}," for file in package.files]
    return [f"sdist = {_uv_file(package.source, package.size)}", "wheels = [", *files, "]", ""]


def _uv_file(file: str, size: int) -> str:
    return f'{{ url = "{_url(file)}", hash = "sha256:{_hash(file)}", size = {size} }}'
