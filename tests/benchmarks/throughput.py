"""How many trials a second the machine around the training can pass, against Ray Tune.

    python tests/benchmarks/throughput.py [--trials 1000] [--rounds 5] [--both-actors] [--without-tune] [--growth 10000]

A trivial trial reports three times, by a formula. capsweep: two real Ray workers, three arms, TPE, no pruner, the whole
event log; from the first trial's choice to the sweep's end. Ray Tune: the same space and sampler through OptunaSearch,
room for two actors, `reuse_actors=True`; from the first trial's start to the last one's end. Neither counts Ray's own
start. The two take turns in rounds; the median of their paired ratios is printed.

Ray Tune begins its second actor only if the first is still busy by then, so that of trials this short many a sweep runs
on a single actor, at half the rate. Printed is how many it used. With `--both-actors` the first trial of each process
waits there, which is not counted, and Ray Tune uses both.

`--growth N` runs N trials in this process instead, and prints what a trial costs at every tenth of the way, beside what
TPE's own suggestion takes of it.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from sweeps.artifacts import Artifacts
from sweeps.attempts import Assignment
from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.loop import run_phase
from sweeps.records import AnyEvent, TrialEnded, WorkerStarted
from sweeps.runlog import RunDirectory, RunLog
from sweeps.search import Search
from sweeps.workers.inline import InlineWorkers
from sweeps.workers.protocol import Workers

TRAINER = "sweeps.training.synthetic:SyntheticTrainer"
ARMS = ("capsule", "max", "average")
EPOCHS = 3
WAIT, WARM_UP = "wait", 5.0  # seconds in which Ray Tune's second actor starts


def report(params: dict[str, Any], seeds: object, epoch: int) -> dict[str, float]:
    """Better with the learning rate near 1e-3, and with every epoch."""
    accuracy = 0.9 - abs(float(params["learning_rate"]) - 1e-3) * 20 + 0.01 * epoch
    return {"loss": 1 - accuracy, "val_loss": 1 - accuracy, "val_accuracy": accuracy}


def sweep(trials: int) -> SweepConfig:
    return SweepConfig.from_mapping(
        {
            "model": {"build": "tests.benchmarks.throughput:report"},
            "space": {
                "pooling": list(ARMS),
                "pool_size": {"int": [2, 4]},
                "routing_steps": {"int": [1, 4], "when": {"pooling": "capsule"}},
                "temperature": {"float": [0.25, 8.0], "log": True, "when": {"pooling": "capsule"}},
                "learning_rate": {"float": [1e-4, 1e-2], "log": True},
            },
            "compare": "pooling",
            "search": {"trials": trials // len(ARMS), "epochs": EPOCHS, "pruner": "none"},
            "workers": {"count": 2, "gpus": 0},
        },
        source="benchmark",
    )


class Timed(Search):
    """A search that knows how long its suggestions took."""

    seconds = 0.0

    def ask(self) -> Assignment | None:
        began = time.perf_counter()
        work = super().ask()
        self.seconds += time.perf_counter() - began
        return work


class Marks:
    """When each trial had ended, and how long suggestions had taken by then."""

    def __init__(self, search: Timed) -> None:
        self.search = search
        self.at = [(time.perf_counter(), 0.0)]

    def __call__(self, event: AnyEvent) -> None:
        if isinstance(event, TrialEnded):
            self.at.append((time.perf_counter(), self.search.seconds))


def drive(config: SweepConfig, workers: Workers) -> Marks:
    search = Timed(config)
    marks = Marks(search)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(RunLog.create(RunDirectory(Path(folder) / "run"), on_event=marks)) as log,
    ):
        run_phase(search, workers, log, Artifacts(log, cap=0))
    return marks


def images() -> Dataset:
    pixels, labels = np.zeros((10, 8, 8), np.uint8), np.arange(10, dtype=np.uint8)
    return Dataset(pixels, labels, pixels, labels, classes=10)


def ours(trials: int) -> float:
    from sweeps.workers.cluster import connect, disconnect
    from sweeps.workers.on_ray import RayWorkers

    config = sweep(trials)
    cluster = connect(config.workers, address=None)
    try:
        with closing(RayWorkers(config, images(), cluster=cluster, trainer=TRAINER)) as workers:
            started = 0
            while started < cluster.count:  # their start is Ray's
                started += isinstance(workers.wait(), WorkerStarted)
            marks = drive(config, workers)
    finally:
        disconnect()
    return (len(marks.at) - 1) / (marks.at[-1][0] - marks.at[0][0])


def _tune_space(trial: Any) -> dict[str, float] | None:
    if trial.suggest_categorical("pooling", ARMS) == "capsule":
        trial.suggest_int("routing_steps", 1, 4)
        trial.suggest_float("temperature", 0.25, 8.0, log=True)
    trial.suggest_int("pool_size", 2, 4)
    trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    return {WAIT: WARM_UP if os.environ.get("CAPSWEEP_WAIT") else 0.0}


def _tune_trial(params: dict[str, Any]) -> None:
    from ray import tune

    wait = params[WAIT]
    if wait and not hasattr(tune, "capsweep_is_warm"):  # the function itself is pickled anew for every trial
        tune.capsweep_is_warm = True
        time.sleep(wait)
    began = time.time()
    for epoch in range(EPOCHS):
        tune.report({"val_accuracy": report(params, None, epoch)["val_accuracy"], "began": began, "now": time.time()})


def tunes(trials: int, *, both: bool) -> tuple[float, int]:
    """Trials a second, and the actors it used."""
    os.environ["CAPSWEEP_WAIT"] = "1" if both else ""
    import ray
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch

    ray.init(num_cpus=2, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    with tempfile.TemporaryDirectory() as folder:
        search = OptunaSearch(_tune_space, metric="val_accuracy", mode="max", seed=0)
        settings = tune.TuneConfig(search_alg=search, num_samples=trials, max_concurrent_trials=2, reuse_actors=True)
        run = tune.RunConfig(storage_path=folder, verbose=0)
        trainable = tune.with_resources(_tune_trial, {"cpu": 1})
        frame = tune.Tuner(trainable, tune_config=settings, run_config=run).fit().get_dataframe()
    ray.shutdown()
    began = frame.groupby("pid")["began"].min()
    if both and len(began) != 2:
        raise RuntimeError(f"Ray Tune used {len(began)} actors, not 2; nothing to compare with")
    first = began.max() if both else began.min()
    return float((frame["began"] >= first).sum() / (frame["now"].max() - first)), len(began)


def growth(trials: int) -> Iterator[str]:
    config = sweep(trials)
    with closing(InlineWorkers(config, images(), trainer=TRAINER)) as workers:
        marks = drive(config, workers).at
    step = (len(marks) - 1) // 10
    for end in range(step, len(marks), step):
        (time_a, asked_a), (time_b, asked_b) = marks[end - step], marks[end]
        whole, asked = 1000 * (time_b - time_a) / step, 1000 * (asked_b - asked_a) / step
        place = f"trials {end - step:>6} to {end:>6}"
        yield f"{place}: {whole:6.2f} ms each, {asked:6.2f} of it asking, {whole - asked:5.2f} the rest"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--both-actors", action="store_true")
    parser.add_argument("--without-tune", action="store_true")
    parser.add_argument("--growth", type=int, metavar="N")
    asked = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if asked.growth:
        for line in growth(asked.growth):
            print(line, flush=True)
        return
    ratios = []
    for _ in range(asked.rounds):
        rate = ours(asked.trials)
        print(f"capsweep, 2 Ray workers: {rate:.0f} trials a second over {asked.trials}", flush=True)
        if asked.without_tune:
            continue
        theirs, actors = tunes(asked.trials, both=asked.both_actors)
        ratios.append(rate / theirs)
        said = f"Ray Tune, {actors} reused actors: {theirs:.0f} trials a second"
        print(f"{said}; capsweep passes {ratios[-1]:.1f} times as many", flush=True)
    if ratios:
        print(f"median of {len(ratios)}: {median(ratios):.1f} times ({min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    main()
