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
import report
from engine import ROOT, CommandFailed, Engine
from project import Project
from registry import Registry

# A trial does not overwrite the results of a measurement.
OUT = ROOT / "target/bench"
TRIAL = ROOT / "target/bench-trial"
SECTIONS = ("frontend", "growth", "builds", "article")
ENGINE_RACE = "failed to prepare extraction snapshot"
KINDS = {"no-bytecode": False, "bytecode": True}


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
    parser.add_argument("--kinds", default=",".join(KINDS), help="with and without bytecode (default: %(default)s)")
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
    return parser.parse_args()


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
        shutil.rmtree(self.out, ignore_errors=True)
        self.logs.mkdir(parents=True)

    def measure(self) -> None:
        """Measures in each store, and leaves the engine with the store that it had."""
        start = time.monotonic()
        first = Engine.up(None)
        self.about["docker"] = first.version()
        stores = [store for store in self.options.stores.split(",") if store] or [first.store]
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

    def _save(self) -> Path:
        """Writes what there is so far, so that a run which ends early has measured something."""
        file = self.out / "results.json"
        report.save(self.rows, self.about, file)
        return file

    def _measure_store(self, engine: Engine) -> None:
        sections = self.options.sections.split(",")
        if "frontend" in sections:
            _say("the frontend, from its start to the final Solve")
            costs = overhead.frontend_rows(engine, self.work)
            for name, row in costs.items():
                shown = f"{row['cpu_us'] / 1000:.1f} ms, {row['peak_rss_kib'] / 1024:.1f} MiB, {row['ops']} operations"
                print(f"{name}: {shown}")
            _say("an unchanged rebuild of examples/flask, next to the same stages as a Dockerfile")
            rebuilds = overhead.rebuild_rows(engine, self.work, self.logs, 3 if self.options.quick else 9)
            for name, row in rebuilds.items():
                print(f"{name}: {row['seconds']:.2f} s, {row['ratio']:.2f} times ours")
            self.rows |= costs | rebuilds
            self._save()
        if "growth" in sections:
            _say("the frontend, for locks of growing size")
            self.rows |= growth.growth_rows(engine, self.work)
            print(report.growth_table(self.rows))
            self._save()
        if "builds" in sections:
            self._measure_builds(engine)
        if "article" in sections:
            _say("the article's measurements: examples/flask as a single stage, in its stages, and ours")
            rows = article.measure(engine, self.work, self.logs, not self.trial)
            article.save(rows, self.about, self.out / "article.json")
            print(article.table(rows))
        for line in report.target_lines(self.rows, engine.store):
            print(line)

    def _measure_builds(self, engine: Engine) -> None:
        registry = Registry(engine, self.work / "registry")
        project = Project(self.work, engine, self.options.quick)
        self.about["packages"] = project.packages()
        emptied = builds.EMPTIED_PUSHED if self.options.only_push else builds.EMPTIED
        sequence = builds.Sequence(engine, registry, project, self.logs, emptied)
        kinds, ways = self.options.kinds.split(","), self.options.ways.split(",")
        samples: dict[str, dict[str, dict[str, list[builds.Sample]]]] = {kind: {} for kind in kinds}
        try:
            # Round by round and way by way, so that what else the machine and the network do hits all alike.
            # Ways with fewer rounds come in the last ones.
            rounds = max(map(self._rounds, ways))
            for round_ in range(1, rounds + 1):
                for kind in kinds:
                    for way in ways:
                        if round_ <= rounds - self._rounds(way):
                            continue
                        _say(f"{engine.store} store, round {round_}, {kind}: {way}")
                        for build, taken in self._sequence(sequence, way, KINDS[kind], round_).items():
                            samples[kind].setdefault(way, {}).setdefault(build, []).extend(taken)
                            shown = ", ".join(f"{sample.seconds:.2f} s" for sample in taken)
                            print(f"  {build}: {shown}", flush=True)
                        self.rows |= report.build_rows(engine.store, kind, samples[kind])
                        self._save()
        finally:
            registry.stop()
        for kind in kinds:
            _say(f"{engine.store} store, {kind}: medians, and bytes pushed")
            print(report.build_table(self.rows, engine.store, kind))

    def _sequence(
        self, sequence: builds.Sequence, way: str, bytecode: bool, round_: int
    ) -> dict[str, list[builds.Sample]]:
        try:
            return sequence.run(way, bytecode, not self.trial, round_)
        except CommandFailed as failure:
            # Collecting garbage may remove a layer while an image is unpacked onto it (moby/buildkit issue 6521; newer
            # engines do not). That is no measurement, and begins anew.
            if ENGINE_RACE not in str(failure):
                raise
            print(f"  once more, since the engine failed: {failure}", file=sys.stderr)
            return sequence.run(way, bytecode, not self.trial, round_)

    def _rounds(self, way: str) -> int:
        if self.options.quick:
            return 1
        return self.options.pip_rounds if way.startswith("pip") else self.options.rounds


def _say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
