"""Whether the machine does other work: the numbers of a busy machine do not count."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

# A machine counts as quiet while less than this share of its processors' time is used.
QUIET = 0.1
# Seconds that a look at the machine takes.
LOOK = 0.5
# How many looks are taken before the run, and at most before a build: an engine clears up after a build for some seconds.
AT_START = 6
MOST_LOOKS = 20


@dataclass
class Machine:
    """Watches the processors while nothing that is measured runs."""

    # Whether a run is wanted although other work is done.
    anyway: bool = False
    # The share of the processors' time that was used before the run, by others.
    at_start: float = 0.0
    load: tuple[float, float, float] = (0.0, 0.0, 0.0)
    # For each measured build, whether it began on a busy machine.
    begun: list[bool] = field(default_factory=list)

    def look(self) -> str:
        """Looks before anything is begun, and says what is there."""
        self.load = os.getloadavg()
        self.at_start = sorted(busy(LOOK) for _ in range(AT_START))[AT_START // 2]
        return self.described()

    def is_busy(self) -> bool:
        """Whether other work was done before the run."""
        return self.at_start >= QUIET

    def wait(self) -> bool:
        """Waits, before a measured build, until the engine has cleared up. Tells whether the machine has become quiet."""
        quiet = any(busy(LOOK) < QUIET for _ in range(2 if self.is_busy() else MOST_LOOKS))
        self.begun.append(not quiet)
        return quiet

    def counts(self) -> bool:
        """Whether the numbers of the run count: nearly every build began on a quiet machine."""
        return not self.is_busy() and sum(self.begun) * 20 <= len(self.begun)

    def described(self) -> str:
        """The machine's load in words."""
        load = " ".join(f"{one:.2f}" for one in self.load)
        return f"load {load}, {self.at_start:.0%} of {os.cpu_count()} processors used by other work before the run"

    def mark(self) -> str:
        """What stands beside numbers that do not count; nothing beside those that do."""
        if self.counts():
            return ""
        return f"Beside other work: {self.described()}, {sum(self.begun)} of {len(self.begun)} builds began on a busy machine."

    def about(self) -> dict:
        """The same for `results.json`."""
        return {
            "load": list(self.load),
            "used_before_the_run": round(self.at_start, 3),
            "builds": len(self.begun),
            "builds_begun_busy": sum(self.begun),
            "counts": self.counts(),
        }


def processor_seconds() -> float:
    """Seconds of processor time that the whole machine has used since its start."""
    return _times()[0] / os.sysconf("SC_CLK_TCK")


def busy(seconds: float) -> float:
    """The share of the processors' time that was used in some seconds, see `/proc/stat` in proc(5)."""
    before = _times()
    time.sleep(seconds)
    used, total = (after - earlier for after, earlier in zip(_times(), before))
    return used / total if total else 0.0


def _times() -> tuple[int, int]:
    first = Path("/proc/stat").read_text().split("\n", 1)[0]
    # user, nice, system, idle, iowait, irq, softirq, steal; what guests use is in user and nice already.
    numbers = [int(number) for number in first.split()[1:9]]
    total = sum(numbers)
    return total - numbers[3] - numbers[4], total
