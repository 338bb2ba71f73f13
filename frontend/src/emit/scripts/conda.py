"""Solves for the conda packages that /run/pybuild/question.json asks for, and writes a conda-lock file (as JSON)."""

import asyncio
import json
import os
import re
import sys

import rattler


async def solve(question):
    virtual = [
        ("__glibc", question["glibc"]),
        ("__linux", "0"),
        ("__unix", "0"),
    ]
    return await rattler.solve(
        sources=[rattler.Channel(channel["name"]) for channel in question["channels"]],
        specs=question["specs"],
        platforms=[question["platform"], "noarch"],
        virtual_packages=[
            rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), rattler.BuildString("0"))
            for name, version in virtual
        ],
    )


def name_of(spec):
    """The name in a requirement such as `python >=3.12` or `channel::name 1.0`."""
    return re.match(r"[A-Za-z0-9._-]*", spec.split("::")[-1].strip()).group().lower()


def entry(record, question):
    url = record.url
    for channel in question["channels"]:
        # A file of the project: its place there is what counts.
        if "path" in channel and url.startswith(channel["name"] + "/"):
            url = channel["path"] + url[len(channel["name"]):]
    return {
        "name": record.name.normalized,
        "version": str(record.version),
        "manager": "conda",
        "platform": question["platform"],
        # Which package has the say of a file that several packages bring depends on what requires what.
        "dependencies": {name_of(text): "*" for text in record.depends},
        "url": url,
        "hash": {"sha256": record.sha256.hex() if record.sha256 else None},
        "size": record.size,
        "category": "main",
        "optional": False,
    }


def main():
    with open("/run/pybuild/question.json") as file:
        question = json.load(file)
    try:
        records = asyncio.run(solve(question))
    except Exception as error:
        sys.exit(f"pybuild: {error}")
    lock = {
        "version": 1,
        "metadata": {"platforms": [question["platform"]]},
        "package": sorted((entry(record, question) for record in records), key=lambda entry: entry["name"]),
    }
    with open(os.environ["PYBUILD_ANSWER"], "w") as file:
        json.dump(lock, file, indent=1)
        file.write("\n")


main()
