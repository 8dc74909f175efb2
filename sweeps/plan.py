"""What a sweep would run, in words, before anything is started."""

from __future__ import annotations

from collections.abc import Iterator

from sweeps.bounds import check_bounds
from sweeps.config import SweepConfig
from sweeps.hardware import check_fits, count_cpus, count_gpus
from sweeps.images import load_or_fall_back
from sweeps.preparation import CORNERS_IN_PLAN
from sweeps.search import Search, advise
from sweeps.training.inspection import Corner, Inspection, child_for, inspect
from sweeps.warm_start import read_warm_start


def describe(config: SweepConfig, *, may_fall_back: bool = False) -> Iterator[str]:
    """Check everything that `launch` would check, build every corner, time one step, and tell.

    Raises:
        CapsweepError: As `launch` would.
    """
    studies = Search(config).studies()
    check_fits(config.workers)
    config, data, facts, notes = load_or_fall_back(config, may_fall_back=may_fall_back)
    yield from notes
    search = config.search
    yield f"{config.name}: {len(studies)} studies of {search.budget_in_words}, {search.epochs} epochs a trial at most"
    for study in studies:
        size = "" if study.size is None else f", {study.size:,} configs"
        yield f"  {study.study}: {search.budget_in_words}, {study.sampler}, {study.pruner} pruner{size}"
    yield f"data: {facts}"
    yield from read_warm_start(config, digest=facts.digest)[1]
    yield from (f"warning: {advice}" for advice in advise(config))
    count, gpus = _workers(config)
    yield f"workers on this machine: {count} with {config.workers.cpus:g} CPU and {gpus:g} GPU each"
    with child_for(config) as child:
        inspection = inspect(child, config, data, limit=CORNERS_IN_PLAN, measure=True)
    yield from (f"warning: {warning}" for warning in (*inspection.warnings, *check_bounds(config, inspection.corners)))
    by_size = sorted(inspection.corners, key=lambda corner: corner.parameters)
    yield _extent(inspection)
    yield f"  smallest: {_words(by_size[0])}"
    yield f"  largest:  {_words(by_size[-1])}"
    example = inspection.example_seconds or 0.0
    trial = example * facts.train * config.search.epochs
    faster = " (a GPU is much faster)" if gpus else ""
    yield f"training the costliest network on one CPU thread: {example * 1000:.2f} ms an example{faster}"
    if search.trials is None:
        whole = search.amount * len(studies) / count
        yield f"  an unpruned trial: about {_duration(trial)}; all arms: {_duration(whole)}"
    else:
        trials = search.trials * len(studies)
        yield f"  training alone, all {trials} trials unpruned: about {_duration(trial * trials / count)}"


def _extent(inspection: Inspection) -> str:
    built = f"{len(inspection.corners):,} different networks"
    if inspection.left_out:
        return f"corners of the space built: {built}, each extreme among them; the space has {inspection.left_out}"
    return f"every corner of the space built: {built}"


def _workers(config: SweepConfig) -> tuple[int, float]:
    asked = config.workers
    gpus = float(count_gpus() > 0) if asked.gpus == "auto" else float(asked.gpus)
    room = int(count_cpus() // asked.cpus)
    room = min(room, int(count_gpus() // gpus)) if gpus else room
    return (max(1, room) if asked.count == "auto" else asked.count), gpus


def _words(corner: Corner) -> str:
    params = ", ".join(f"{name} {value}" for name, value in corner.params.items())
    macs = "" if corner.macs is None else f", {corner.macs:,} multiply-accumulates an example"
    return f"{corner.parameters:,} parameters{macs} ({params})"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
