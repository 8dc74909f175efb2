"""Would one driver keep a thousand workers busy? A simulation whose clock holds the driver's own time too.

    python tests/benchmarks/simulation.py [--workers 1000] [--trials 20000] [--epochs 15] [--seconds 20]

The loop, the search (TPE, median pruner, three arms) and the log are the real ones; only the workers are not. An epoch
takes simulated seconds, 20 % more or less. Whatever the driver computes between two waits advances the clock by its
measured CPU time, in which finished workers stand idle. Checkpoints are left out. Printed for the whole sweep and until
its last trial began: after that workers are idle because nothing is left to train. A driver that takes no time, with
the very same trials in the same order, gives the bound for the whole sweep.
"""

from __future__ import annotations

import argparse
import heapq
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.artifacts import Artifacts
from sweeps.config import SweepConfig
from sweeps.loop import run_phase
from sweeps.records import AnyEvent, AttemptStarted, EpochEnded, ModelFacts, TrialEnded, TrialSpec
from sweeps.runlog import RunDirectory, RunLog
from sweeps.search import Search
from sweeps.seeds import derive
from sweeps.workers.protocol import Kind, Report, Saved

STEPS, BATCH = 390, 128


class SimulatedWorkers:
    """The twin of `RayWorkers` on a clock of its own.

    Args:
        count: Number of workers.
        seconds: What an epoch takes, 20 % more or less.
    """

    overlap = True
    cpus, gpus = 1.0, 0.0

    def __init__(self, count: int, seconds: float) -> None:
        self.count, self._seconds = count, seconds
        self.now = self.busy_seconds = self.share_at_last_start = 0.0
        self._cpu = time.process_time()
        self._idle = [f"w{place}" for place in range(count)]
        self._specs: dict[int, tuple[TrialSpec, int, str]] = {}
        self._due: list[tuple[float, int, int]] = []
        self._saved: list[Saved] = []
        self.trained: dict[int, float] = {}

    def has_room(self, *, alone: bool = False) -> bool:
        return bool(self._idle)

    def clear(self) -> None:
        return

    def start(
        self,
        spec: TrialSpec,
        *,
        attempt: int,
        epoch: int = 0,
        checkpoint: bytes | None = None,
        alone: bool = False,
        until: int | None = None,
    ) -> AttemptStarted:
        worker = self._idle.pop()
        self._specs[spec.number] = spec, attempt, worker
        self.train(spec.number, epoch)
        running = self.count - len(self._idle)
        self.share_at_last_start = self._share()
        return AttemptStarted(
            number=spec.number, attempt=attempt, worker=worker, wait_seconds=0.0, concurrency=running, epoch=epoch
        )

    def train(self, number: int, epoch: int, *, until: int | None = None) -> None:
        luck = derive(self._specs[number][0].seeds.order, epoch) / 2**31
        seconds = self._seconds * (0.8 + 0.4 * luck)
        self.busy_seconds += seconds
        self.trained[number] = self.trained.get(number, 0.0) + seconds
        heapq.heappush(self._due, (self._passed() + seconds, number, epoch))

    def save(self, number: int, kind: Kind) -> None:
        self._saved.append(Saved(number, self._specs[number][2], kind, 0, b""))

    def wait(self) -> Report:
        self._passed()
        if self._saved:
            return self._saved.pop()
        due, number, epoch = heapq.heappop(self._due)
        self.now = max(self.now, due)
        spec, attempt, worker = self._specs[number]
        return EpochEnded(
            number=number,
            attempt=attempt,
            worker=worker,
            epoch=epoch,
            step=(epoch + 1) * STEPS,
            metrics=_metrics(spec, epoch),
            seconds=self._seconds,
            is_first=epoch == 0,
            traces=0,
            memory_bytes=1,
            model=ModelFacts(parameters=1, macs=1, build_seconds=0.0, warm=True) if epoch == 0 else None,
        )

    def release(self, number: int) -> None:
        self._idle.append(self._specs.pop(number)[2])

    def busy(self) -> bool:
        return bool(self._specs or self._saved)

    def close(self) -> None:
        self._due.clear()

    def _share(self) -> float:
        """Of the workers' time so far, what they trained."""
        ahead = sum(max(0.0, due - self.now) for due, _, _ in self._due)
        return (self.busy_seconds - ahead) / (self.now * self.count)

    def _passed(self) -> float:
        """Let the driver's CPU time since the last look pass on the clock."""
        cpu = time.process_time()
        self.now, self._cpu = self.now + cpu - self._cpu, cpu
        return self.now


def share_without_driver(trials: Iterable[float], workers: int) -> float:
    """What is busy where each trial goes, in order and at once, to the worker that is free first.

    Args:
        trials: Seconds of each.
        workers: How many.
    """
    free, whole = [0.0] * workers, 0.0
    for seconds in trials:
        heapq.heapreplace(free, free[0] + seconds)
        whole += seconds
    return whole / (max(free) * workers)


def _metrics(spec: TrialSpec, epoch: int) -> dict[str, float]:
    rate, luck = float(spec.params["learning_rate"]), derive(spec.seeds.init, epoch) / 2**31
    accuracy = 0.9 - abs(rate - 1e-3) * 20 + 0.01 * epoch + 0.05 * luck
    return {"loss": 1 - accuracy, "val_loss": 1 - accuracy, "accuracy": accuracy, "val_accuracy": accuracy}


class Meter:
    """CPU seconds by name; what is measured inside something else is not counted twice."""

    def __init__(self) -> None:
        self.cpu: Counter[str] = Counter()
        self._inside = 0.0

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            before, self._inside, began = self._inside, 0.0, time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                taken = time.process_time() - began
                self.cpu[name] += taken - self._inside  # type: ignore[assignment]
                self._inside = before + taken

        return timed


@dataclass(frozen=True)
class Outcome:
    """What a simulated sweep came to."""

    busy: float
    busy_until_last_start: float
    busy_without_driver: float
    simulated_seconds: float
    cpu: dict[str, float]
    events: Counter[str]
    log_bytes: int
    memory_bytes: int
    states: Counter[str]


def simulate(*, workers: int, trials: int, epochs: int, seconds: float) -> Outcome:
    """Run a sweep of `trials` in all on simulated workers."""
    config = SweepConfig.from_mapping(
        {
            "space": {
                "pooling": ["capsule", "max", "average"],
                "pool_size": {"int": [2, 4]},
                "routing_steps": {"int": [1, 4], "when": {"pooling": "capsule"}},
                "temperature": {"float": [0.25, 8.0], "log": True, "when": {"pooling": "capsule"}},
                "learning_rate": {"float": [1e-4, 1e-2], "log": True},
            },
            "compare": "pooling",
            "dataset": {"train": STEPS * BATCH},
            "search": {"trials": -(-trials // 3), "epochs": epochs},
            "training": {"batch_size": BATCH},
            "faults": {"checkpoint_every": 0},
        },
        source="simulation",
    )
    search, simulated, meter = Search(config), SimulatedWorkers(workers, seconds), Meter()
    search.ask, search.observe = meter.wrap("ask", search.ask), meter.wrap("observe", search.observe)  # type: ignore[method-assign]
    for arm in search._arms.values():
        arm.should_prune = meter.wrap("prune", arm.should_prune)  # type: ignore[method-assign]
    events, states = Counter[str](), Counter[str]()

    def count(event: AnyEvent) -> None:
        events[event.event] += 1
        if isinstance(event, TrialEnded):
            states[event.state] += 1

    began = time.process_time()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(RunLog.create(RunDirectory(Path(folder) / "run"), on_event=count)) as log,
    ):
        log.append = meter.wrap("log", log.append)  # type: ignore[method-assign]
        run_phase(search, simulated, log, Artifacts(log, cap=0))
        size = log.directory.events.stat().st_size
    whole = time.process_time() - began
    cpu = {**meter.cpu, "the rest": whole - meter.cpu.total()}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    share = simulated.busy_seconds / (simulated.now * workers)
    bound = share_without_driver(simulated.trained.values(), workers)
    return Outcome(share, simulated.share_at_last_start, bound, simulated.now, cpu, events, size, memory, states)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("workers", 1000), ("trials", 20_000), ("epochs", 15), ("seconds", 20.0)):
        parser.add_argument(f"--{name}", type=type(value), default=value)
    asked = parser.parse_args()
    outcome = simulate(workers=asked.workers, trials=asked.trials, epochs=asked.epochs, seconds=asked.seconds)
    print(f"{outcome.states.total():,} trials ({dict(outcome.states)}) on {asked.workers:,} workers")
    print(
        f"busy {outcome.busy:.1%} of {outcome.simulated_seconds:,.0f} simulated seconds, "
        f"{outcome.busy_until_last_start:.1%} of those before the last trial began; "
        f"a driver that takes no time: {outcome.busy_without_driver:.1%}"
    )
    ends = outcome.simulated_seconds
    print(", ".join(f"{name} {seconds:,.1f} s" for name, seconds in outcome.cpu.items()), end=" of driver CPU ")
    print(f"({sum(outcome.cpu.values()) / ends:.0%} of the time)")
    print(f"log {outcome.log_bytes / 2**20:,.0f} MiB, {outcome.events.total():,} events; peak memory "
          f"{outcome.memory_bytes / 2**20:,.0f} MiB")  # fmt: skip


if __name__ == "__main__":
    main()
