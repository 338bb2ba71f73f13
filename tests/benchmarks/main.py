"""The benchmark's command line: what is measured, in which order, and where the results go."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

import builds
import growth
import overhead
import report
from engine import ROOT, CommandFailed, Engine
from project import Project
from registry import Registry

OUT = ROOT / "target/bench"
SECTIONS = ("frontend", "growth", "builds")
KINDS = {"no-bytecode": False, "bytecode": True}


def main() -> int:
    """Runs what was asked for; a failure is told in words."""
    options = _options()
    try:
        _measure(options)
    except CommandFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench", description="Measures builds against the usual Dockerfiles.")
    parser.add_argument("--quick", action="store_true", help="few packages, one round, nothing is emptied: a trial")
    parser.add_argument("--keep", action="store_true", help="do not empty the engine: a trial beside other work")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the whole builds (default: 3)")
    parser.add_argument("--ways", default=",".join(builds.WAYS), help="what is compared (default: %(default)s)")
    parser.add_argument("--kinds", default=",".join(KINDS), help="with and without bytecode (default: %(default)s)")
    parser.add_argument("--sections", default=",".join(SECTIONS), help="what is measured (default: %(default)s)")
    parser.add_argument(
        "--stores", default="", help="image stores, as containerd,classic; the engine is switched between them and back"
    )
    return parser.parse_args()


def _measure(options: argparse.Namespace) -> None:
    start = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "logs").mkdir(parents=True)
    work = OUT / "work"
    first = Engine.up(None)
    rows: report.Rows = {}
    about = {"docker": first.version(), "processors": os.cpu_count(), "rounds": options.rounds, "trial": options.quick or options.keep}
    stores = [store for store in options.stores.split(",") if store] or [first.store]
    try:
        for store in stores:
            engine = Engine.up(store)
            engine.build_frontend()
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            _measure_store(engine, options, work, rows, about)
    finally:
        if len(stores) > 1 or stores[0] != first.store:
            Engine.up(first.store)
        shutil.rmtree(work, ignore_errors=True)
    _say(f"{(time.monotonic() - start) / 60:.0f} minutes; all rows are in {OUT / 'results.json'}")


def _measure_store(engine: Engine, options: argparse.Namespace, work: Path, rows: report.Rows, about: dict) -> None:
    sections = options.sections.split(",")
    save = lambda: report.save(rows, about, OUT / "results.json")  # noqa: E731
    if "frontend" in sections:
        _say("the frontend, from its start to the final Solve")
        costs = overhead.frontend_rows(engine, work)
        for name, row in costs.items():
            print(f"{name}: {row['cpu_us'] / 1000:.1f} ms, {row['peak_rss_kib'] / 1024:.1f} MiB, {row['ops']} operations")
        _say("an unchanged rebuild of examples/flask, next to the same stages as a Dockerfile")
        rebuilds = overhead.rebuild_rows(engine, work, OUT / "logs", 3 if options.quick else 9)
        for name, row in rebuilds.items():
            print(f"{name}: {row['seconds']:.2f} s, {row['ratio']:.2f} times ours")
        rows |= costs | rebuilds
        save()
    if "growth" in sections:
        _say("the frontend, for locks of growing size")
        rows |= growth.growth_rows(engine, work)
        save()
        print(report.growth_table(rows))
    if "builds" in sections:
        _measure_builds(engine, options, work, rows, about)
        save()


def _measure_builds(engine: Engine, options: argparse.Namespace, work: Path, rows: report.Rows, about: dict) -> None:
    registry = Registry(engine, work / "registry")
    project = Project(work, engine, options.quick)
    about["packages"] = project.packages()
    sequence = builds.Sequence(engine, registry, project, OUT / "logs")
    ways = options.ways.split(",")
    rounds = 1 if options.quick else options.rounds
    samples: dict[str, dict[str, dict[str, list[builds.Sample]]]] = {}
    try:
        # Round by round and way by way, so that what else the machine and the network do hits all alike.
        for round_ in range(1, rounds + 1):
            for kind in options.kinds.split(","):
                for way in ways:
                    _say(f"{engine.store} store, round {round_} of {rounds}, {kind}: {way}")
                    taken = sequence.run(way, KINDS[kind], not (options.quick or options.keep), round_)
                    for build, more in taken.items():
                        samples.setdefault(kind, {}).setdefault(way, {}).setdefault(build, []).extend(more)
                        print("  " + f"{build}: " + ", ".join(f"{sample.seconds:.2f} s" for sample in more), flush=True)
                rows |= report.build_rows(engine.store, kind, samples[kind])
                report.save(rows, about, OUT / "results.json")
    finally:
        registry.stop()
    for kind in samples:
        _say(f"{engine.store} store, {kind}, median of {rounds}: seconds and bytes pushed")
        print(report.build_table(rows, engine.store, kind))
    for line in report.target_lines(rows, engine.store):
        print(line)


def _say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
