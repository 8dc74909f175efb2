"""Puts a sweep together and drives it: what `launch` and `resume` have in common.

Everything that can be refused is refused in `prepare`, before Ray is started and before anything is written.
"""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from search_spaces import Params
from sweeps.artifacts import Artifacts, usable_checkpoints
from sweeps.child import Child
from sweeps.codec import config_hash, digest
from sweeps.config import SweepConfig, TrainingConfig
from sweeps.datasets import DataFacts, DataNotFound, Dataset, load_dataset
from sweeps.errors import ConfigError, RunError, SweepStoppedError
from sweeps.hardware import check_fits, check_reachable
from sweeps.history import History, read_run
from sweeps.loop import run_phase
from sweeps.provenance import git_commit
from sweeps.records import BUDGET_MET, AnyEvent, DriverStarted, SweepEnded, SweepStarted
from sweeps.runlog import RunDirectory, RunLog, read_events
from sweeps.search import Search
from sweeps.stopping import Stop
from sweeps.training.inspection import Inspection
from sweeps.workers.inline import InlineWorkers
from sweeps.workers.process import DEFAULT_TRAINER, package_versions
from sweeps.workers.protocol import Workers

QUICKSTART = "quickstart"
CORNERS_AT_LAUNCH = 64
FALLBACK: dict[str, Any] = {"name": "digits", "train": 1250, "validation": 250}


@dataclass(frozen=True)
class Means:
    """How a sweep is executed, which is no part of the question it asks.

    Attributes:
        inline: Train in this process instead of on Ray.
        address: Of a running Ray cluster; None starts Ray here.
        say: Prints one line of news.
        on_event: Shown every event after it was logged.
        trainer: `module:class` that workers open; tests of the machine put a formula in its place.
        time_limit: Seconds of training after which the sweep stops, resumable; None for no limit.
    """

    inline: bool
    address: str | None
    say: Callable[[str], None]
    on_event: Callable[[AnyEvent], None]
    trainer: str = DEFAULT_TRAINER
    time_limit: float | None = None


@dataclass(frozen=True)
class Prepared:
    """A sweep that has passed every check."""

    config: SweepConfig
    search: Search
    data: Dataset
    facts: DataFacts
    inspection: Inspection
    notes: tuple[str, ...] = ()


def prepare(config: SweepConfig, means: Means, *, may_fall_back: bool = False) -> Prepared:
    """Check a sweep against the samplers, this machine, the data and the model.

    Args:
        config: The sweep.
        means: How it will be executed.
        may_fall_back: Whether digits may stand in for an MNIST that cannot be had.

    Raises:
        CapsweepError: If anything does not fit.
    """
    Search(config)
    _check_place(config, means)
    with Child("sweeps.training.preflight:inspect_space") as child:  # it imports Keras while the images are read
        config, data, facts, notes = load_or_fall_back(config, may_fall_back=may_fall_back)
        for note in notes:
            means.say(note)
        size = f"{facts.train:,} images to train and {facts.validation:,} to validate"
        means.say(f"data: {facts.name}, {size} ({facts.source})")
        inspection: Inspection = child.call(config, facts.shape, facts.classes, limit=CORNERS_AT_LAUNCH)
    if inspection.skipped:
        means.say(f"built {CORNERS_AT_LAUNCH} corners of the space; `capsweep plan` builds {inspection.skipped} more")
    return Prepared(config, Search(config), data, facts, inspection, notes)


def launch(prepared: Prepared, directory: RunDirectory, means: Means) -> History:
    """Run a new sweep to its end.

    Raises:
        CapsweepError: If workers cannot be had, or the run directory is taken.
    """
    with (
        open_workers(prepared, means) as workers,
        contextlib.closing(RunLog.create(directory, on_event=means.on_event)) as log,
    ):
        _write_header(prepared, log)
        _drive(prepared, workers, log, means)
    return read_run(directory.path)


def resume(
    directory: RunDirectory,
    means: Means,
    *,
    replay: Callable[[AnyEvent], None],
    relocate: Callable[[SweepConfig], SweepConfig] = lambda config: config,
) -> History:
    """Go on with an interrupted sweep: finished trials are kept, unfinished ones trained again.

    Args:
        directory: The run.
        means: How it will be executed.
        replay: Shown every event that the log holds already.
        relocate: Changes where the sweep runs (its workers, the file of its data), which is no part of its question.

    Raises:
        CapsweepError: If another driver holds the run, or the data is not what it was.
    """
    with contextlib.closing(RunLog.open(directory, on_event=means.on_event)) as log:
        history = read_run(directory.path)
        prepared = _prepare_again(history, relocate(history.config), means)
        events = [event for event, _ in read_events(directory)]
        checkpoints = {number: written.epochs or 0 for number, written in usable_checkpoints(history).items()}
        prepared.search.replay(events, checkpoints=checkpoints)
        for event in events:
            replay(event)
        if prepared.search.finished():
            means.say("nothing is left to train")
            if history.ended is None:
                log.append(SweepEnded(reason=BUDGET_MET))
            return read_run(directory.path)
        for line in _plan(history, checkpoints):
            means.say(line)
        with open_workers(prepared, means) as workers:
            _drive(prepared, workers, log, means, history=history)
    return read_run(directory.path)


def _plan(history: History, checkpoints: Mapping[int, int]) -> Iterator[str]:
    """What resume will do, in words."""
    unfinished = [trial.number for trial in history.trials.values() if trial.ended is None]
    anew = [number for number in unfinished if number not in checkpoints]
    planned = sum(study.budget for study in history.studies)
    yield f"resume: {len(history.trials) - len(unfinished)} trials kept, {planned - len(history.trials)} not chosen yet"
    for number, epochs in sorted(checkpoints.items()):
        yield f"  trial {number} goes on with epoch {epochs + 1}"
    if anew:
        yield f"  from the first epoch: {', '.join(f'trial {number}' for number in anew)}"


def _drive(prepared: Prepared, workers: Workers, log: RunLog, means: Means, *, history: History | None = None) -> None:
    """Announce this driver, spend the budget, and say that it is spent."""
    trials = history.trials.values() if history else ()
    log.append(
        DriverStarted(
            term=len(history.drivers) + 1 if history else 1,
            host=socket.gethostname(),
            pid=os.getpid(),
            cluster="inline" if means.inline else means.address or "local",
            workers=workers.count,
            cpus=workers.cpus,
            gpus=workers.gpus,
            kept=sum(trial.ended is not None for trial in trials),
            rerun=tuple(trial.number for trial in trials if trial.ended is None),
        )
    )
    cap = prepared.config.faults.checkpoint_gib * 2**30
    artifacts = Artifacts.of(log, history, cap=cap) if history else Artifacts(log, cap=cap)
    with Stop(means.time_limit, say=means.say) as stop:
        run_phase(prepared.search, workers, log, artifacts, stopping=stop)
    finished = prepared.search.finished()
    shares = read_run(log.directory.path).utilisation.shares()
    reason = BUDGET_MET if finished else str(stop.reason)
    log.append(SweepEnded(reason=reason, shares=asdict(shares) if shares else None))
    if not finished:
        raise SweepStoppedError(str(stop.reason))


def _write_header(prepared: Prepared, log: RunLog) -> None:
    document: dict[str, object] = prepared.config.model_dump(mode="json")
    commit, dirty = git_commit()
    log.append(
        SweepStarted(
            sweep=uuid.uuid4().hex[:12],
            name=prepared.config.name,
            config=document,
            config_digest=digest(document),
            data=asdict(prepared.facts),
            commit=commit,
            dirty=dirty,
            versions=package_versions(),
            notes=prepared.notes,
        )
    )
    for study in prepared.search.studies():
        log.append(study)


def check_same_data(history: History, facts: DataFacts) -> None:
    """Refuse other data than a run was made on, wherever its file lies now.

    Raises:
        RunError: If the digests differ.
    """
    recorded = str(history.header.data["digest"])
    if facts.digest != recorded:
        raise RunError(
            f"{history.directory.path}: was run on data with digest {recorded[:12]}, "
            f"found {facts.digest[:12]} ({facts.source}); name the same data with --dataset"
        )


def _prepare_again(history: History, config: SweepConfig, means: Means) -> Prepared:
    prepared = prepare(config, means)
    check_same_data(history, prepared.facts)
    return prepared


def _check_place(config: SweepConfig, means: Means) -> None:
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        if os.environ.get(name):
            raise ConfigError(f"{name}: is set, and would cut every trial short; unset it")
    if means.address is None:
        check_fits(config.workers)
    elif means.inline:
        raise ConfigError("--inline: trains in this process, which --address contradicts; leave one of them out")
    elif means.address != "auto":
        check_reachable(means.address)


def load_or_fall_back(
    config: SweepConfig, *, may_fall_back: bool
) -> tuple[SweepConfig, Dataset, DataFacts, tuple[str, ...]]:
    """The sweep, its images and what must be said of them; another data set's where MNIST may be replaced and must be.

    Raises:
        DataError: If the images cannot be had.
    """
    try:
        return (config, *load_data(config), ())
    except DataNotFound:
        if not may_fall_back:
            raise
    note = "MNIST could not be had: this run is on scikit-learn's bundled digits instead"
    config = replace_dataset(config, FALLBACK)
    return (config, *load_data(config), (note,))


def replace_dataset(config: SweepConfig, values: dict[str, Any]) -> SweepConfig:
    """The same sweep on other data."""
    document = config.model_dump(mode="json")
    return SweepConfig.from_mapping({**document, "dataset": {**document["dataset"], **values}}, source="--dataset")


def may_fall_back(sweep: str, config: SweepConfig, *, dataset: str | None) -> bool:
    """Only the quickstart may run on other data than it names, and only where nobody named any."""
    return sweep == QUICKSTART and dataset is None and config.dataset.name == "mnist" and config.dataset.file is None


def load_data(config: SweepConfig) -> tuple[Dataset, DataFacts]:
    """The images that a sweep asks for.

    Raises:
        DataError: If they cannot be had.
    """
    asked = config.dataset
    return load_dataset(
        asked.name,
        train=asked.train,
        validation=asked.validation,
        split_seed=asked.split_seed,
        file=Path(asked.file) if asked.file else None,
    )


@contextlib.contextmanager
def open_workers(prepared: Prepared, means: Means) -> Iterator[Workers]:
    """Workers for as long as they are needed; a Ray of our own ends with them."""
    config, data = prepared.config, prepared.data
    workers: Workers
    if means.inline:
        workers = InlineWorkers(config, data, trainer=means.trainer)
        with contextlib.closing(workers):
            yield workers
        return
    from sweeps.workers.cluster import connect, disconnect
    from sweeps.workers.on_ray import RayWorkers

    cluster = connect(config.workers, address=means.address, backend=prepared.inspection.backend)
    try:
        means.say(f"workers: {cluster}")
        runtime = prepared.inspection.runtime_values
        workers = RayWorkers(
            config,
            data,
            cluster=cluster,
            architecture=lambda spec: architecture_of(spec.params, runtime),
            trainer=means.trainer,
        )
        with contextlib.closing(workers):
            yield workers
    finally:
        disconnect()


def architecture_of(params: Params, runtime_values: frozenset[str]) -> str:
    """Names the compiled model that params need."""
    light = runtime_values | (set(TrainingConfig.model_fields) - {"dtype_policy"})
    return config_hash({name: value for name, value in params.items() if name not in light})
