"""Installs wheels with pip, each in a child of one process that has loaded pip already.

pip loads most of its modules while it works, which takes longer than the work. So the first child installs a small
wheel and tells what it has loaded; the parent loads the same.

The arguments are the folder that has pip. A line of standard input is the path of a wheel; the answer is a line of JSON
with the code and the words of pip. The first line of all has the version of Python.
"""

import contextlib
import importlib
import json
import os
import sys
import tempfile
import zipfile

sys.path.insert(0, sys.argv[1])
sys.argv = ["pip"]

from pip._internal.cli.main import main
from pip._internal.commands import create_command

create_command("install")

OPTIONS = [
    "install",
    "--no-deps",
    "--no-compile",
    "--no-index",
    "--no-cache-dir",
    "--no-input",
    "--disable-pip-version-check",
    "--root-user-action=ignore",
    "--quiet",
]


def install(path, tell=lambda: None):
    with tempfile.TemporaryFile() as words:
        child = os.fork()
        if child == 0:
            code = 70
            try:
                os.dup2(words.fileno(), 1)
                os.dup2(words.fileno(), 2)
                code = main([*OPTIONS, path])
                tell()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        words.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "words": words.read().decode("utf-8", "replace"),
        }


def load():
    with tempfile.TemporaryDirectory() as folder:
        wheel = os.path.join(folder, "warm_up-1-py3-none-any.whl")
        info = "warm_up-1.dist-info/"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: warm-up\nVersion: 1\n")
            archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
            archive.writestr(info + "entry_points.txt", "[console_scripts]\nwarm-up = a:b\n")
            archive.writestr(info + "RECORD", info + "RECORD,,\n")
        names = os.path.join(folder, "names.json")

        def tell():
            with open(names, "w") as file:
                json.dump(sorted(sys.modules), file)

        install(wheel, tell)
        with open(names) as file:
            for name in json.load(file):
                with contextlib.suppress(Exception):
                    importlib.import_module(name)


load()
print(json.dumps("%d.%d" % sys.version_info[:2]), flush=True)
for line in sys.stdin:
    print(json.dumps(install(json.loads(line))), flush=True)
