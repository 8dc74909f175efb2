"""What a search learns from earlier runs before its first trial: read once, and kept in the log from then on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from search_spaces import SpaceError, is_same
from sweeps.config import SweepConfig
from sweeps.errors import ConfigError, RunError
from sweeps.history import History, Trial, read_run
from sweeps.records import TrialKnown

_SAME = ("model", "objective", "dataset.name", "dataset.load", "dataset.args", "dataset.split_seed")
_SAME_SIZE = ("dataset.train", "dataset.validation")
_TOLD = ("training", "search.epochs")


def read_warm_start(config: SweepConfig, *, digest: str) -> tuple[list[TrialKnown], list[str]]:
    """The trials of the runs that a sweep file names, and what must be said of them.

    Args:
        config: The sweep, its data's sizes written out.
        digest: Of its data.

    Raises:
        ConfigError: If a run cannot be read, is named twice, had another question, or has no trial in the space.
    """
    known: list[TrialKnown] = []
    remarks: list[str] = []
    seen: dict[str, str] = {}
    for path in config.search.warm_start:
        run = _read(path)
        if run.header.sweep in seen:
            raise _refusal(path, f"is the same run as {seen[run.header.sweep]}; its trials count once")
        seen[run.header.sweep] = path
        _check_same_question(config, run, path, digest=digest)
        of_run, left_out = _trials(config, run)
        if not of_run:
            raise _refusal(path, "has no complete or pruned trial in this space; leave it out")
        remarks.append(_remark(config, run, path, of_run, left_out=left_out))
        known += of_run
    counts = Counter(trial.study for trial in known)
    colder = [study for study in map(config.study_of, config.arms) if known and not counts[study]]
    if colder:
        remarks.append(f"warm start: {', '.join(colder)} gets none of these trials, so the arms do not begin alike")
    return known, remarks


def _read(path: str) -> History:
    try:
        return read_run(Path(path))
    except RunError as error:
        raise ConfigError(f"search.warm_start: {error}") from None


def _check_same_question(config: SweepConfig, run: History, path: str, *, digest: str) -> None:
    for key in _SAME + _SAME_SIZE:
        here, there = _at(config, key), _at(run.config, key)
        if key in _SAME_SIZE and here is None:
            continue
        if here != there:
            raise _refusal(path, f"had another {key}: {there} there, {here} here; what it found says nothing here")
    if (found := str(run.header.data["digest"])) != digest:
        raise _refusal(path, f"was run on data with digest {found[:12]}, this sweep's is {digest[:12]}")


def _trials(config: SweepConfig, run: History) -> tuple[list[TrialKnown], int]:
    found = [
        _known(config, run, trial) for trial in run.searched if trial.ended and trial.state in ("complete", "pruned")
    ]
    taken = [each for each in found if each is not None]
    return taken, len(found) - len(taken)


def _known(config: SweepConfig, run: History, trial: Trial) -> TrialKnown | None:
    """A trial as this sweep's sampler can learn from it; None if it lies outside."""
    try:
        params = config.space.coerce(trial.spec.params)
    except SpaceError:
        return None
    ended, metric = trial.ended, config.objective.metric
    arm = None if config.compare is None else next(arm for arm in config.arms if is_same(arm, params[config.compare]))
    values = [] if ended is None or ended.value is None else [ended.value, *ended.also.values()]
    complete = trial.state == "complete"
    if ended is None or (complete and (not values or not all(map(math.isfinite, values)))):
        return None
    return TrialKnown(
        study=config.study_of(arm),
        sweep=run.header.sweep,
        number=trial.number,
        seed_index=trial.spec.order if trial.spec.seed_index is None else trial.spec.seed_index,
        params=params,
        state="complete" if complete else "pruned",
        values=tuple(values) if complete else (),
        course=tuple(epoch.metrics[metric] for epoch in trial.epochs),
        constraints=ended.constraints,
    )


def _remark(config: SweepConfig, run: History, path: str, taken: list[TrialKnown], *, left_out: int) -> str:
    outside = f", {left_out} lie outside this space and are left out" if left_out else ""
    others = ", ".join(_differences(config, run))
    differs = f"; it differs in {others}, so its values may not be this sweep's" if others else ""
    counts = Counter(trial.study for trial in taken)
    each = f" ({', '.join(f'{study} {number}' for study, number in counts.items())})" if config.compare else ""
    return f"warm start: {len(taken)} trials of {path}{each}{outside}{differs}"


def _differences(config: SweepConfig, run: History) -> Iterator[str]:
    for key in _TOLD:
        here, there = _at(config, key), _at(run.config, key)
        if here != there:
            yield f"{key} ({there} there, {here} here)"


def _at(config: SweepConfig, path: str) -> object:
    value: object = config.model_dump(mode="json")
    for key in path.split("."):
        value = value[key]  # type: ignore[index]
    return value


def _refusal(path: str, why: str) -> ConfigError:
    return ConfigError(f"search.warm_start: {path} {why}")
