"""A build backend that needs nothing: it makes a wheel of the files METADATA and ORIGIN beside it."""

import zipfile
from pathlib import Path


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    metadata = Path("METADATA").read_text()
    fields = dict(line.split(": ", 1) for line in metadata.splitlines() if ": " in line)
    name, version = fields["Name"].replace("-", "_"), fields["Version"]
    info = f"{name}-{version}.dist-info"
    members = {
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/ORIGIN": Path("ORIGIN").read_text(),
    }
    members[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in members) + f"{info}/RECORD,,\n"
    file = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / file, "w") as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return file


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return build_wheel(wheel_directory)
