"""All that is checked before Ray is started and before anything is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from sweeps.bounds import check_bounds
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.errors import ConfigError
from sweeps.hardware import check_fits, check_reachable
from sweeps.images import load_or_fall_back
from sweeps.records import AnyEvent, TrialKnown
from sweeps.search import Search
from sweeps.training.inspection import Inspection, child_for, inspect
from sweeps.warm_start import read_warm_start
from sweeps.workers.process import DEFAULT_TRAINER

CORNERS_AT_LAUNCH = 64
CORNERS_IN_PLAN = 1000


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
    known: tuple[TrialKnown, ...] = ()


def prepare(config: SweepConfig, means: Means, *, may_fall_back: bool = False, is_new: bool = True) -> Prepared:
    """Check a sweep against the samplers, this machine, the data and the model.

    Args:
        config: The sweep.
        means: How it will be executed.
        may_fall_back: Whether digits may stand in for an MNIST that cannot be had.
        is_new: Whether trials of earlier runs are to be read; the log of a run that goes on has them.

    Raises:
        CapsweepError: If anything does not fit.
    """
    Search(config)
    _check_place(config, means)
    with child_for(config) as child:  # it imports Keras while the data are read
        config, data, facts, notes = load_or_fall_back(config, may_fall_back=may_fall_back)
        for note in notes:
            means.say(note)
        means.say(f"data: {facts}")
        inspection = inspect(child, config, data, limit=CORNERS_AT_LAUNCH)
    if inspection.left_out:
        built = f"built {len(inspection.corners)} networks at corners of the space, which has {inspection.left_out}"
        means.say(f"{built}; `capsweep plan` builds up to {CORNERS_IN_PLAN:,}")
    for warning in (*inspection.warnings, *check_bounds(config, inspection.corners)):
        means.say(f"warning: {warning}")
    known, remarks = read_warm_start(config, digest=facts.digest) if is_new else ([], [])
    for remark in remarks:
        means.say(remark)
    return Prepared(config, Search(config), data, facts, inspection, (*notes, *remarks), tuple(known))


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
