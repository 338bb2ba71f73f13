"""Asks pip, pip-compile, poetry, pdm and pipenv in one process: starting each for every question would take hours.

A line of JSON is a question, and a line of JSON is its answer. Each question names a machine that is played: its
version of Python, processor and C library are put where the tool looks for those of the machine it runs on.
"""

import contextlib
import importlib
import io
import json
import os
import shutil
import signal
import sys
import sysconfig
import traceback
from pathlib import Path
from urllib.parse import unquote, urlsplit

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


# Seconds for one question.
PATIENCE = 40


class TooLong(BaseException):
    """No tool catches this by accident."""


def give_up(*_):
    raise TooLong(f"no answer in {PATIENCE} seconds")


signal.signal(signal.SIGALRM, give_up)


def version_of(target):
    return tuple(int(part) for part in target["markers"]["python_full_version"].split("."))


def tags_of(target, package):
    """The tags of a machine, best first, by one copy of the `packaging` library."""
    tags = importlib.import_module(f"{package}.tags")
    manylinux = importlib.import_module(f"{package}._manylinux")
    musllinux = importlib.import_module(f"{package}._musllinux")
    libc, (major, minor) = target["libc"], target["libc_version"]
    manylinux._get_glibc_version.cache_clear() if hasattr(manylinux._get_glibc_version, "cache_clear") else None
    saved = manylinux._get_glibc_version, manylinux._have_compatible_abi, musllinux._get_musl_version
    platform = sysconfig.get_platform
    manylinux._get_glibc_version = lambda: (major, minor) if libc == "glibc" else (-1, -1)
    manylinux._have_compatible_abi = lambda *_: libc == "glibc"
    musllinux._get_musl_version = lambda _: (
        musllinux._MuslVersion(major, minor) if libc == "musl" else None
    )
    sysconfig.get_platform = lambda: "linux-" + target["markers"]["platform_machine"]
    try:
        platforms = list(tags._linux_platforms(is_32bit=False))
        python = version_of(target)[:2]
        interpreter = "cp" + "".join(map(str, python))
        found = list(tags.cpython_tags(python_version=python, abis=[interpreter], platforms=platforms))
        found += tags.compatible_tags(python_version=python, interpreter=interpreter, platforms=platforms)
        return found
    finally:
        manylinux._get_glibc_version, manylinux._have_compatible_abi, musllinux._get_musl_version = saved
        sysconfig.get_platform = platform


def installed_in(folder, leave_out):
    found = {}
    for info in Path(folder).glob("*.dist-info"):
        name, version = info.name.removesuffix(".dist-info").split("-", 1)
        origin = info / "ORIGIN"
        found[name.replace("_", "-")] = [version, origin.read_text() if origin.exists() else ""]
    found.pop(leave_out, None)
    return found


def origin_of_url(url):
    parts = unquote(urlsplit(url).path).split("/")
    return "/".join([parts[-3], parts[-1]]) if parts[-2] == "files" else parts[-1]


class Pip:
    """pip and pip-compile."""

    def __init__(self):
        from pip._internal.cli import cmdoptions
        from pip._internal.models import target_python
        from pip._internal.utils import compatibility_tags
        from pip._vendor.packaging import markers, pylock

        self.target = None
        self.real = markers.default_environment, compatibility_tags.get_supported
        cmdoptions.check_dist_restriction = lambda *_, **__: None

        def environment():
            return self.target["markers"] if self.target else self.real[0]()

        def supported(*arguments, **named):
            if not self.target:
                return self.real[1](*arguments, **named)
            return tags_of(self.target, "pip._vendor.packaging")

        markers.default_environment = environment
        pylock.default_environment = environment
        for module in (compatibility_tags, target_python):
            module.get_supported = supported
        pylock.sys_tags = lambda: tags_of(self.target, "pip._vendor.packaging")

    def run(self, arguments):
        from pip._internal.cli.main import main
        import logging

        words = io.StringIO()
        with contextlib.redirect_stderr(words), contextlib.redirect_stdout(words):
            code = main(["--isolated", "--no-input", "--disable-pip-version-check", *arguments])
        for handler in list(logging.getLogger().handlers):
            logging.getLogger().removeHandler(handler)
        if code:
            raise RuntimeError(words.getvalue())

    def install(self, question):
        self.target = question["target"]
        into = question["into"]
        shutil.rmtree(into, ignore_errors=True)
        os.chdir(question["folder"])
        version = self.target["markers"]["python_full_version"]
        fixed = ["install", "--target", into, "--python-version", version, "--no-deps", "--no-build-isolation"]
        fixed += ["--no-compile", "--no-cache-dir", "--root-user-action", "ignore"]
        self.run(fixed + question["arguments"])
        return installed_in(into, "")

    def lock(self, question):
        self.target = None
        os.chdir(question["folder"])
        if question["kind"] == "pip-lock":
            self.run(["lock", "--no-build-isolation", "-o", "pylock.toml", *question["arguments"]])
            return {}
        from piptools.scripts import compile

        words = io.StringIO()
        with contextlib.redirect_stderr(words), contextlib.redirect_stdout(words):
            try:
                compile.cli.main(question["arguments"], standalone_mode=False)
            except BaseException as error:
                raise RuntimeError(f"{error}\n{words.getvalue()}") from error
        return {}


class Poetry:
    """poetry's own installer, with an environment that is made up and an executor that only listens."""

    def objects(self, question, locking):
        from cleo.io.null_io import NullIO
        from poetry.factory import Factory
        from poetry.installation.installer import Installer
        from poetry.repositories.repository import Repository
        from poetry.utils.env import MockEnv

        target = question["target"]
        version = version_of(target)
        env = MockEnv(
            version,
            platform="linux",
            platform_machine=target["markers"]["platform_machine"],
            marker_env={**target["markers"], "version_info": (*version, "final", 0)},
            supported_tags=tags_of(target, "packaging"),
            path=Path(sys.prefix),
        )
        poetry = Factory().create_poetry(Path(question["folder"]), disable_cache=True)
        listener = Listener()
        installer = Installer(
            NullIO(), env, poetry.package, poetry.locker, poetry.pool, poetry.config,
            installed=Installed(Repository), executor=listener, disable_cache=True,
        )
        return poetry, env, installer, listener

    def lock(self, question):
        _, _, installer, _ = self.objects(question, True)
        code = installer.lock(update=True).run()
        if code:
            raise RuntimeError(f"poetry lock ended with {code}")
        return {}

    def install(self, question):
        from poetry.installation.chooser import Chooser

        poetry, env, installer, listener = self.objects(question, False)
        supported = poetry.package.python_constraint
        from poetry.core.constraints.version import Version

        if not supported.allows(Version.parse(question["target"]["markers"]["python_full_version"])):
            raise RuntimeError(f"the project is for Python {supported}")
        installer.only_groups(["main", *question["groups"]])
        installer.extras(question["extras"])
        code = installer.run()
        if code:
            raise RuntimeError(f"poetry install ended with {code}")
        chooser = Chooser(poetry.pool, env, poetry.config)
        found = {}
        for operation in listener.operations:
            if operation.skipped or operation.job_type == "uninstall":
                continue
            package = operation.package
            # Of a lock, poetry gives all packages one priority and installs them side by side. Two versions of one
            # package are then written over each other, and both leave metadata behind: no answer to compare with.
            if package.name in found:
                raise RuntimeError(f"poetry installs {package.name} twice, over itself")
            if package.source_type in ("directory", "git"):
                origin = f"tree {package.name}"
            elif package.source_type in ("file", "url"):
                origin = package.source_url.rsplit("/", 1)[-1]
            else:
                origin = origin_of_url(chooser.choose_for(package).url)
            found[package.name] = [str(package.version), origin]
        return found


    def check(self, question):
        """`poetry check --lock`."""
        from cleo.io.inputs.argv_input import ArgvInput
        from cleo.io.outputs.null_output import NullOutput
        from poetry.console.application import Application

        application = Application()
        application.auto_exits(False)
        words = ["poetry", "check", "--lock", "--no-interaction", "--no-plugins", "--directory", question["folder"]]
        return application.run(ArgvInput(words), NullOutput(), NullOutput()) == 0


class Listener:
    """In the place of poetry's executor."""

    enabled = True

    def __init__(self):
        self.operations = []

    def dry_run(self, *_):
        return self

    def verbose(self, *_):
        return self

    def disable(self):
        self.enabled = False
        return self

    def execute(self, operations):
        self.operations = operations
        return 0


def Installed(repository):
    found = repository("installed")
    found.system_site_packages = []
    return found


class Pdm:
    """pdm's own functions, with an environment that is made up."""

    def __init__(self):
        import pdm.environments.base as base

        os.environ["PDM_CHECK_UPDATE"] = "0"
        os.environ["PDM_IGNORE_SAVED_PYTHON"] = "1"
        os.environ["PDM_PYTHON"] = sys.executable
        self.spec = None
        base.get_env_spec = lambda *_: self.spec

    def project(self, question):
        from pdm.core import Core
        from pdm.models.markers import EnvSpec

        target = question["target"]
        kind = "manylinux" if target["libc"] == "glibc" else "musllinux"
        major, minor = target["libc_version"]
        machine, python = target["markers"]["platform_machine"], target["markers"]["python_full_version"]
        self.spec = EnvSpec.from_spec(f"=={python}", f"{kind}_{major}_{minor}_{machine}", "cpython")
        core = Core()
        core.init_parser()
        core.load_plugins()
        project = core.create_project(question["folder"], is_global=False)
        core.ui.set_verbosity(-1)
        project.project_config["python.use_venv"] = False
        return core, project

    def lock(self, question):
        core, project = self.project(question)
        from pdm.cli.actions import do_lock
        from pdm.cli.filters import GroupSelection

        selection = GroupSelection(project, groups=[":all"])
        requirements = []
        for group in selection:
            requirements.extend(project.get_dependencies(group))
        do_lock(project, requirements=requirements, groups=list(selection))
        return {}

    def check(self, question):
        """`pdm lock --check`."""
        core, _ = self.project(question)
        try:
            core.main(["lock", "--check", "--project", question["folder"]])
        except SystemExit as end:
            return not end.code
        return True

    def install(self, question):
        core, project = self.project(question)
        from pdm.cli.actions import resolve_from_lockfile
        from pdm.models.requirements import FileRequirement, NamedRequirement, VcsRequirement

        groups = ["default", *question["groups"], *question["extras"]]
        if not project.python_requires.contains(question["target"]["markers"]["python_full_version"]):
            raise RuntimeError(f"the project is for Python {project.python_requires}")
        requirements = []
        dependencies = project._resolve_dependencies(groups)
        for group in groups:
            requirements.extend(project.get_dependencies(group, dependencies))
        found = {}
        for package in resolve_from_lockfile(project, requirements, groups=groups):
            candidate = package.candidate
            req, name = candidate.req, candidate.name
            if isinstance(req, VcsRequirement) or (isinstance(req, FileRequirement) and req.is_local_dir):
                origin = f"tree {name}"
            elif isinstance(req, FileRequirement):
                origin = unquote(req.url.split("#")[0].rsplit("/", 1)[-1])
            else:
                assert isinstance(req, NamedRequirement)
                prepared = candidate.prepare(project.environment)
                prepared._obtain(allow_all=False, unpack=False)
                origin = origin_of_url(prepared.link.url_without_fragment)
            found[name] = [candidate.version or "", origin]
        return found


def main():
    tools = {}
    kinds = {"poetry": Poetry, "pdm": Pdm}
    for line in sys.stdin:
        question = json.loads(line)
        # A resolver can calculate for hours on markers that contradict each other.
        signal.alarm(PATIENCE)
        try:
            kind = kinds.get(question["kind"], Pip)
            if kind not in tools:
                tools[kind] = kind()
            answer = {"packages": getattr(tools[kind], question["op"])(question)}
        except (Exception, SystemExit, TooLong) as error:
            # A refusal is told in the tool's words; a mistake of this program is told with its place.
            own = isinstance(error, (AttributeError, ImportError, LookupError, NameError, TypeError))
            trace = traceback.format_exc() if own else ""
            cause = f"\n{error.__cause__!r}" if error.__cause__ else ""
            answer = {"error": f"{type(error).__name__}: {error}{cause}", "trace": trace}
        finally:
            signal.alarm(0)
        print(json.dumps(answer), file=answers, flush=True)


main()
