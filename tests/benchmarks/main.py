"""The benchmark's command line: what is measured, in which order, and where the results go."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

import article
import builds
import growth
import overhead
import page
import pull
import report
import starting
import vertices
from engine import ROOT, CommandFailed, Engine
from machine import Machine
from project import GPU_TEMPLATE, TEMPLATE, Project
from registry import Registry

# A trial does not overwrite the results of a measurement.
OUT = ROOT / "target/bench"
TRIAL = ROOT / "target/bench-trial"
SECTIONS = ("frontend", "starting", "growth", "vertices", "builds", "pull", "gpu", "article")
KINDS = ("no-bytecode", "bytecode")


def main() -> int:
    """Runs what was asked for; a failure is told in words."""
    options = _options()
    try:
        Run(options).measure()
    except CommandFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench", description="Measures builds against the usual Dockerfiles.")
    parser.add_argument("--quick", action="store_true", help="few packages, one round, nothing is emptied: a trial")
    parser.add_argument("--keep", action="store_true", help="do not empty the engine: a trial beside other work")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of our builds and of uv's (default: 3)")
    parser.add_argument("--pip-rounds", type=int, default=1, help="rounds of pip's builds, which are long (default: 1)")
    parser.add_argument("--ways", default=",".join(builds.WAYS), help="what is compared (default: %(default)s)")
    parser.add_argument(
        "--kinds", default=",".join(KINDS), help=f"of {', '.join(builds.KINDS)} (default: %(default)s)"
    )
    parser.add_argument("--sections", default=",".join(SECTIONS), help="what is measured (default: %(default)s)")
    parser.add_argument(
        "--article",
        action="store_const",
        dest="sections",
        const="article",
        help="only the table of the article: size, cold build and code change of examples/flask",
    )
    parser.add_argument(
        "--only-push", action="store_true", help="on the emptied engine, push the image without keeping it there"
    )
    parser.add_argument(
        "--stores", default="", help="image stores, as containerd,classic; the engine is switched between them and back"
    )
    parser.add_argument(
        "--anyway", action="store_true", help="measure beside other work, and mark the numbers as such that do not count"
    )
    parser.add_argument(
        "--write-docs",
        nargs="?",
        type=Path,
        const=page.PAGE,
        metavar="PAGE",
        help="put the tables into docs/benchmarks.md, or into another page with the same marks",
    )
    options = parser.parse_args()
    for name, known in (("ways", builds.WAYS), ("kinds", tuple(builds.KINDS)), ("sections", SECTIONS)):
        unknown = [word for word in getattr(options, name).split(",") if word not in known]
        if unknown:
            parser.error(f"--{name}: there is no {', '.join(unknown)}; there are {', '.join(known)}")
    return options


class Run:
    """One run of the benchmark: what was asked for, and the rows that it has so far."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Clears the folder for results."""
        self.options = options
        self.trial = options.quick or options.keep
        self.out = TRIAL if self.trial else OUT
        self.logs = self.out / "logs"
        self.work = self.out / "work"
        self.rows: report.Rows = {}
        self.about: dict = {"processors": os.cpu_count(), "trial": self.trial}
        self.about |= {"rounds": options.rounds, "pip_rounds": options.pip_rounds}
        self.machine = Machine(anyway=options.anyway)
        # What goes into the documentation, by the name of its place there.
        self.tables: dict[str, str] = {}
        shutil.rmtree(self.out, ignore_errors=True)
        self.logs.mkdir(parents=True)

    def measure(self) -> None:
        """Measures in each store, and leaves the engine with the store that it had."""
        start = time.monotonic()
        first = Engine.up(None)
        first.build_frontend()
        _say(f"the machine: {self.machine.look()}")
        if self.machine.is_busy() and not (self.trial or self.options.anyway):
            raise CommandFailed(
                "numbers that are taken beside other work do not count: end the other work, or measure all the same with "
                "--anyway, which marks the numbers"
            )
        self.about["docker"] = first.version()
        stores = [store for store in self.options.stores.split(",") if store] or [first.store]
        if self.options.write_docs is not None:
            page.check(self.options.write_docs, self._places(stores))
        try:
            for store in stores:
                engine = Engine.up(store)
                engine.build_frontend()
                shutil.rmtree(self.work, ignore_errors=True)
                self.work.mkdir()
                self._measure_store(engine)
        finally:
            if stores[-1] != first.store:
                Engine.up(first.store)
            shutil.rmtree(self.work, ignore_errors=True)
        _say(f"{(time.monotonic() - start) / 60:.0f} minutes; all rows are in {self._save()}")
        if self.machine.mark():
            print(self.machine.mark())
        self._write_docs(stores)

    def _places(self, stores: list[str]) -> list[str]:
        """The places of the documentation that this run writes."""
        kinds = self.options.kinds.split(",")
        named = {
            "starting": [f"starting {store}" for store in stores],
            "growth": ["growth"],
            "vertices": ["vertices"],
            "pull": [f"pull {store}" for store in stores],
            "gpu": [f"gpu {store}" for store in stores],
            "builds": [f"builds {store} {kind}" for store in stores for kind in kinds],
            "article": ["article"],
        }
        return [name for section in self.options.sections.split(",") for name in named.get(section, [])]

    def _write_docs(self, stores: list[str]) -> None:
        """Puts the tables into the page that was named, each with what it was measured on."""
        if self.options.write_docs is None:
            return
        size = "a few packages, " if self.options.quick else ""
        on = f"{size}Docker {self.about['docker']}, {' and '.join(stores)} image store, {os.cpu_count()} processors"
        about = "\n".join(filter(None, [f"Measured on {on}; {self.machine.described()}.", self.machine.mark()]))
        tables = {name: f"{table}\n\n{about}" for name, table in self.tables.items()}
        written = page.write(self.options.write_docs, tables)
        _say(f"written to {self.options.write_docs}: {', '.join(written)}")

    def _save(self) -> Path:
        """Writes what there is so far, so that a run which ends early has measured something."""
        self.about["machine"] = self.machine.about()
        file = self.out / "results.json"
        report.save(self.rows, self.about, file)
        return file

    def _measure_store(self, engine: Engine) -> None:
        sections = self.options.sections.split(",")
        rounds = 3 if self.options.quick else 9
        if "frontend" in sections:
            _say("the frontend, from its start to the final Solve")
            costs = overhead.frontend_rows(engine, self.work)
            for name, row in costs.items():
                shown = f"{row['cpu_us'] / 1000:.1f} ms, {row['peak_rss_kib'] / 1024:.1f} MiB, {row['ops']} operations"
                print(f"{name}: {shown}")
            self.rows |= costs
            self._save()
        if "starting" in sections:
            _say("an unchanged rebuild of examples/flask, by how the frontend is started")
            rebuilds = starting.rows(engine, self.work, self.logs, self.machine, rounds)
            self.rows |= rebuilds
            self._table(f"starting {engine.store}", starting.table(rebuilds))
        if "growth" in sections:
            _say("the frontend, for locks of growing size")
            self.rows |= growth.growth_rows(engine, self.work)
            self._table("growth", report.growth_table(self.rows))
        if "vertices" in sections:
            _say("a build in which everything is known, by the number of downloads in its graph")
            known = vertices.rows(engine, self.work, self.logs, self.machine, rounds)
            self.rows |= known
            self._table("vertices", vertices.table(known))
        if "builds" in sections:
            self._measure_builds(engine)
        if "pull" in sections:
            self._measure_images(engine, "pull", TEMPLATE)
        if "gpu" in sections:
            if self.trial:
                print("gpu: not measured in a trial, its packages are some gigabytes")
            else:
                self._measure_images(engine, "gpu", GPU_TEMPLATE)
        if "article" in sections:
            _say("the article's measurements: examples/flask as a single stage, in its stages, and ours")
            rows = article.measure(engine, self.work, self.logs, not self.trial)
            article.save(rows, self.about, self.out / "article.json")
            self._table("article", article.table(rows))
            print(article.verdict(rows))
        for line in report.target_lines(self.rows, engine.store):
            print(line)

    def _table(self, name: str, table: str) -> None:
        """Prints a table, and keeps it for the documentation."""
        print(table)
        self.tables[name] = table
        self._save()

    def _measure_builds(self, engine: Engine) -> None:
        kinds, names = self.options.kinds.split(","), self.options.ways.split(",")
        project = Project(self.work, engine, self.options.quick)
        self.about["packages"] = project.packages()
        emptied = builds.EMPTIED_PUSHED if self.options.only_push else builds.EMPTIED
        ways = {name: builds.Way(name, Registry(engine, self.work / f"registry-{name}")) for name in names}
        samples: dict[str, dict[str, dict[str, list[builds.Sample]]]] = {kind: {} for kind in kinds}
        try:
            # Ways with fewer rounds come in the last ones.
            rounds = max(map(self._rounds, names))
            for number in range(1, rounds + 1):
                taking_part = [ways[name] for name in names if number > rounds - self._rounds(name)]
                for kind in kinds:
                    _say(f"{engine.store} store, round {number}, {kind}: {', '.join(way.name for way in taking_part)}")
                    one = builds.Round(
                        engine, project, self.machine, self.logs, emptied, not self.trial, number, kind
                    )
                    for way, build, sample in one.run(taking_part):
                        samples[kind].setdefault(way, {}).setdefault(build, []).append(sample)
                        busy = "" if sample.quiet else ", begun on a busy machine"
                        print(f"  {build}, {way}: {sample.seconds:.2f} s{busy}", flush=True)
                        self.rows |= report.build_rows(engine.store, kind, samples[kind])
                        self._save()
        finally:
            for way in ways.values():
                way.registry.stop()
        for kind in kinds:
            _say(f"{engine.store} store, {kind}: medians with the shortest and the longest, and bytes pushed")
            self._table(f"builds {engine.store} {kind}", report.build_table(self.rows, engine.store, kind))

    def _measure_images(self, engine: Engine, section: str, template: Path) -> None:
        """Ours and uv's image of a project: a cold build and a bump of each, then its pull and start on an empty engine."""
        _say(f"{engine.store} store, {section}: a cold build and a bump, and a pull and start on an empty engine")
        project = Project(self.work / section, engine, self.options.quick, template)
        ways = [builds.Way(name, Registry(engine, self.work / f"registry-{section}-{name}")) for name in ("uv", builds.OURS)]
        samples: dict[str, dict[str, list[builds.Sample]]] = {}
        rounds = 1 if self.options.quick or section == "gpu" else self.options.rounds
        try:
            one = builds.Round(
                engine, project, self.machine, self.logs, builds.EMPTIED, not self.trial, 1, "no-bytecode"
            )
            for way, build, sample in one.cold_and_bump(ways):
                samples.setdefault(way, {}).setdefault(build, []).append(sample)
                print(f"  {build}, {way}: {sample.seconds:.2f} s", flush=True)
            pulled = pull.rows(one, ways, rounds, section)
        finally:
            for way in ways:
                way.registry.stop()
        self.rows |= report.build_rows(engine.store, section, samples) | pulled
        built = report.build_table(self.rows, engine.store, section)
        self._table(f"{section} {engine.store}", f"{built}\n\n{pull.table(pulled)}")

    def _rounds(self, way: str) -> int:
        if self.options.quick:
            return 1
        return self.options.pip_rounds if way.startswith("pip") else self.options.rounds


def _say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
