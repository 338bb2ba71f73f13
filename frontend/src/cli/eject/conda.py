"""Puts the conda packages of a list together in /venv: a SHA-256, a file and the package's address a line, with tabs between."""

import asyncio
import hashlib
import json
import pathlib
import sys

import rattler

VENV = pathlib.Path("/venv")


async def install(files):
    records = [await rattler.RepoDataRecord.from_package_archive(file) for file in files]
    # Their scripts are not run: pybuild does not run them either.
    await rattler.install(records, VENV, show_progress=False, execute_link_scripts=False)


def main():
    addresses = {}
    for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
        sha256, path, address = line.split("\t", 2)
        file = pathlib.Path(path)
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != sha256:
            sys.exit(f"cannot install {file.name}: its sha256 is {found}, but the lock says {sha256}")
        addresses[file] = (sha256, address)
    asyncio.run(install(addresses))
    # What is noted of a package says where it came from, and not where it was in this build.
    noted = {file.as_uri(): of for file, of in addresses.items()}
    for file in VENV.glob("conda-meta/*.json"):
        entry = json.loads(file.read_text())
        if entry["url"] in noted:
            entry["sha256"], entry["url"] = noted[entry["url"]]
            entry["channel"] = entry["url"].rsplit("/", 2)[0]
            file.write_text(json.dumps(entry, indent=2, sort_keys=True) + "\n")
        file.chmod(0o644)
    (VENV / "CACHEDIR.TAG").unlink(missing_ok=True)


main()
