"""Puts a sweep together and drives it: what `launch` and `resume` have in common.

Everything that can be refused is refused in `prepare`, before Ray is started and before anything is written.
"""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from search_spaces import Params
from sweeps.artifacts import Artifacts, usable_checkpoints
from sweeps.codec import config_hash, digest
from sweeps.config import SweepConfig, TrainingConfig
from sweeps.config.training import COMPILED_IN
from sweeps.drift import CHANGEABLE, changes_between, check_changes
from sweeps.errors import SweepStoppedError
from sweeps.history import History, read_run
from sweeps.images import check_same_data
from sweeps.later import is_over, run_later
from sweeps.loop import run_phase
from sweeps.phases import of_phase
from sweeps.preparation import Means, Prepared, prepare
from sweeps.provenance import git_commit
from sweeps.records import AnyEvent, DriverStarted, StudyCreated, SweepEnded, SweepStarted, TrialKnown
from sweeps.runlog import RunDirectory, RunLog, read_events
from sweeps.stopping import Stop
from sweeps.workers.inline import InlineWorkers
from sweeps.workers.process import package_versions
from sweeps.workers.protocol import Workers


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
        prepared.search.know(prepared.known)
        _drive(prepared, workers, log, means)
    return read_run(directory.path)


def resume(
    directory: RunDirectory,
    means: Means,
    *,
    replay: Callable[[AnyEvent], None],
    change: Callable[[SweepConfig], SweepConfig] = lambda config: config,
    take_over: bool = False,
) -> History:
    """Go on with an interrupted sweep: finished trials are kept, unfinished ones trained again.

    Args:
        directory: The run.
        means: How it will be executed.
        replay: Shown every event that the log holds already.
        change: Changes what is no part of the sweep's question: its workers, the file of its data, a larger budget.
        take_over: Whether to take the run from a driver that holds it.

    Raises:
        CapsweepError: If another driver holds the run, the data is not what it was, or a change is another question.
    """
    # Nothing is taken from a living driver for a resume that would then be refused.
    ready = _make_ready(read_run(directory.path), change, means) if take_over else None
    with contextlib.closing(RunLog.open(directory, on_event=means.on_event, take_over=take_over)) as log:
        history = read_run(directory.path)
        prepared = ready or _make_ready(history, change, means)
        config = prepared.config
        events = [event for event, _ in read_events(directory)]
        checkpoints = {number: written.epochs or 0 for number, written in usable_checkpoints(history).items()}
        results = prepared.search.replay(of_phase(events, "search"), checkpoints=checkpoints)
        due = [*_lacking(prepared, events), *results]
        if due:  # a driver died within its first lines, or between an event and what followed from it
            log.append(*due)
            events += due
            history = read_run(directory.path)
        for event in events:
            replay(replace(event, budget=config.search.amount) if isinstance(event, StudyCreated) else event)
        if prepared.search.finished() and is_over(config, history, events):
            means.say("nothing is left to train")
            if history.ended is None:
                log.append(SweepEnded(reason=prepared.search.reason()))
            return read_run(directory.path)
        for line in _plan(history, config, checkpoints):
            means.say(line)
        with open_workers(prepared, means) as workers:
            _drive(prepared, workers, log, means, history=history)
    return read_run(directory.path)


def _lacking(prepared: Prepared, events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """What a log lacks of its first lines, where the launch died within them."""
    studies = {event.study for event in events if isinstance(event, StudyCreated)}
    known = {(event.sweep, event.number) for event in events if isinstance(event, TrialKnown)}
    others = [trial for trial in prepared.known if (trial.sweep, trial.number) not in known]
    prepared.search.know(others)
    return [*(study for study in prepared.search.studies() if study.study not in studies), *others]


def _make_ready(history: History, change: Callable[[SweepConfig], SweepConfig], means: Means) -> Prepared:
    config = change(history.config)
    check_changes(history.config, config, allowed=CHANGEABLE, source="resume", frozen=bool(history.plans))
    return _prepare_again(history, config, means)


def _plan(history: History, config: SweepConfig, checkpoints: Mapping[int, int]) -> Iterator[str]:
    """What resume will do, in words."""
    for key, value in changes_between(history.config, config).items():
        yield f"resume: {key} is now {value}"
    unfinished = [trial.number for trial in history.trials.values() if trial.ended is None]
    anew = [number for number in unfinished if number not in checkpoints]
    kept = f"resume: {len(history.trials) - len(unfinished)} trials kept"
    if config.search.trials is None:
        yield f"{kept}; each arm has {config.search.budget_in_words}"
    else:
        yield f"{kept}, {config.search.trials * len(history.studies) - len(history.searched)} not chosen yet"
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
            changes=changes_between(history.config, prepared.config) if history else {},
        )
    )
    cap = prepared.config.faults.checkpoint_gib * 2**30
    artifacts = Artifacts.of(log, history, cap=cap) if history else Artifacts(log, cap=cap)
    with Stop(means.time_limit, say=means.say) as stop:
        log.on_full = stop.wait_for_room
        run_phase(prepared.search, workers, log, artifacts, stopping=stop)
        finished = prepared.search.finished() and run_later(
            prepared.config, workers, log, artifacts, stopping=stop, say=means.say
        )
    shares = read_run(log.directory.path).utilisation.shares()
    reason = prepared.search.reason() if finished else str(stop.reason)
    for remark in prepared.search.remarks() if finished else ():
        means.say(remark)
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
        ),
        *prepared.search.studies(),
        *prepared.known,
    )


def _prepare_again(history: History, config: SweepConfig, means: Means) -> Prepared:
    prepared = prepare(config, means, is_new=not history.drivers)
    check_same_data(history, prepared.facts)
    return prepared


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
    light = runtime_values | (set(TrainingConfig.model_fields) - set(COMPILED_IN))
    return config_hash({name: value for name, value in params.items() if name not in light})
