"""Does a run's ranking of configs mean anything? Trains every config of it again with other seeds, and correlates.

    python tests/benchmarks/ranking.py RUN

Each config gets as many epochs as its trial had, pruned ones included. Prints both metrics of each and Spearman's rank
correlation, over all configs and within each arm.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from pathlib import Path

from scipy.stats import spearmanr

from sweeps import driver
from sweeps.artifacts import Artifacts
from sweeps.attempts import Assignment
from sweeps.history import History, read_run
from sweeps.loop import run_phase
from sweeps.records import EpochEnded, TrialEnded, TrialSpec, WorkerEvent
from sweeps.results import conclude
from sweeps.runlog import RunDirectory, RunLog
from sweeps.seeds import trial_seeds


class Again:
    """The configs of a run as a source: each once, to the epoch it reached."""

    def __init__(self, run: History) -> None:
        self._objective = run.config.objective
        self._left = [_again(trial.spec, len(trial.epochs), run) for trial in run.searched if trial.epochs]
        self._epochs = {spec.number: spec.epochs for spec in self._left}
        self.values: dict[int, float] = {}

    def ask(self) -> Assignment | None:
        return Assignment(self._left.pop(0), 1, True) if self._left else None

    def observe(self, event: WorkerEvent) -> TrialEnded | None:
        if not isinstance(event, EpochEnded) or event.epoch + 1 < self._epochs[event.number]:
            return None
        value = self.values[event.number] = event.metrics[self._objective.metric]
        print(f"trial {event.number} again: {value:.4f}", flush=True)
        return conclude(event.number, [event], objective=self._objective, attempt=1, state="complete")

    def expects(self, event: WorkerEvent) -> bool:
        return True

    def until(self, number: int, epoch: int) -> int:
        return epoch + 1

    def wants_checkpoint(self, event: EpochEnded, *, stopping: bool) -> bool:
        return False

    def note_checkpoint(self, number: int, epochs: int) -> None:
        raise AssertionError("none was asked for")

    def wants_test(self, event: EpochEnded) -> bool:
        return False

    def keeps(self, result: TrialEnded) -> bool:
        return False

    def finished(self) -> bool:
        return len(self.values) == len(self._epochs)


def _again(spec: TrialSpec, epochs: int, run: History) -> TrialSpec:
    seeds = trial_seeds(run.config.seed + 1, "controls", spec.number, split=spec.seeds.split)
    return dataclasses.replace(spec, epochs=epochs, seeds=seeds)


def main() -> None:
    run = read_run(Path(sys.argv[1]))
    means = driver.Means(inline=False, address=None, say=print, on_event=lambda event: None)
    prepared = driver.prepare(run.config, means)
    source = Again(run)
    with tempfile.TemporaryDirectory() as folder, driver.open_workers(prepared, means) as workers:
        log = RunLog.create(RunDirectory(Path(folder) / "run"))
        run_phase(source, workers, log, Artifacts(log, cap=0))
    rows = [(trial.spec.arm, trial.epochs[-1].metrics[run.config.objective.metric], source.values[number])
            for number, trial in run.trials.items() if number in source.values]  # fmt: skip
    for arm, first, second in rows:
        print(f"{arm!s:>10}  {first:.4f}  {second:.4f}")
    for arm in (None, *run.config.arms):
        chosen = [row for row in rows if arm is None or row[0] == arm]
        correlation = spearmanr([row[1] for row in chosen], [row[2] for row in chosen]).statistic
        print(f"Spearman, {arm or 'all'}: {correlation:.2f} (n = {len(chosen)})")


if __name__ == "__main__":
    main()
