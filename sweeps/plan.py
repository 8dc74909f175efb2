"""What a sweep would run, in words, before anything is started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sweeps.bounds import check_bounds
from sweeps.config import SweepConfig
from sweeps.hardware import check_fits, count_cpus, count_gpus
from sweeps.images import load_or_fall_back
from sweeps.phases import trials_of
from sweeps.preparation import CORNERS_IN_PLAN
from sweeps.search import Search, advise
from sweeps.training.inspection import Corner, Inspection, child_for, inspect
from sweeps.warm_start import read_warm_start
from sweeps.words import counted


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
    epochs = f"{counted(search.epochs, 'epoch')} a trial at most"
    yield f"{config.name}: {counted(len(studies), 'study', 'studies')} of {search.budget_in_words}, {epochs}"
    for study in studies:
        size = "" if study.size is None else f", {counted(study.size, 'config')}"
        pruner = "no pruner" if study.pruner == "none" else f"{study.pruner} pruner"
        yield f"  {study.study}: {search.budget_in_words}, {study.sampler}, {pruner}{size}"
    yield from _later(config, test=config.dataset.test or facts.test)
    yield f"data: {facts}"
    yield from read_warm_start(config, digest=facts.digest)[1]
    yield from (f"warning: {advice}" for advice in advise(config))
    count, gpus = _workers(config)
    yield f"workers on this machine: {count} with {config.workers.cpus:g} CPU and {gpus:g} GPU each"
    with child_for(config) as child:
        inspection = inspect(child, config, data, limit=CORNERS_IN_PLAN, measure=True)
    yield from (f"warning: {warning}" for warning in (*inspection.warnings, *check_bounds(config, inspection.corners)))
    by_size = sorted(inspection.corners, key=lambda corner: corner.size)
    yield _extent(inspection)
    yield f"  smallest: {_words(by_size[0])}"
    yield f"  largest:  {_words(by_size[-1])}"
    yield from _durations(config, inspection, examples=facts.train, workers=count, gpus=gpus)


def _later(config: SweepConfig, *, test: int) -> Iterator[str]:
    """What comes after the search, each phase with its trials."""
    shifts = len(config.confirm.shifts.each)
    tested = f"{test:,} examples" + (f" and {counted(shifts, 'shifted copy', 'shifted copies')} of each" * (shifts > 0))
    pairs, sources = config.controls.pairs, config.controls.sources
    controls = [f"{counted(pairs, 'pair')} that must show nothing"] * (pairs > 0)
    controls += [f"{counted(sources, 'replicate')} for each source of chance"] * (sources > 0)
    for phase, count in trials_of(config).items():
        what = {
            "confirm": f"{config.confirm.seeds} fresh seeds of each arm's champion, tested on {tested}",
            "swap": f"{counted(config.swap.settings, 'setting')} by {counted(config.swap.seeds, 'seed')} in each arm",
            "controls": ", ".join(controls),
            "cost_probe": f"{config.cost_probe} short replicates of each champion, trained alone",
        }[phase]
        yield f"  {phase}: {counted(count, 'trial')} ({what})"


def _durations(
    config: SweepConfig, inspection: Inspection, *, examples: int, workers: int, gpus: float
) -> Iterator[str]:
    search, arms = config.search, len(config.arms)
    later = sum(trials_of(config).values())
    each = sorted(inspection.example_seconds)
    trial = [seconds * examples * search.epochs for seconds in each]
    faster = " (a GPU is much faster)" if gpus else ""
    span = " to ".join(dict.fromkeys(f"{seconds * 1000:.2g}" for seconds in each))
    yield f"training on one CPU thread: {span} ms an example, from the smallest network to the largest{faster}"
    if search.trials is None:
        yield f"  an unpruned trial: about {_span(trial)}; all arms: {_duration(search.amount * arms / workers)}"
    else:
        trials = search.trials * arms + later
        whole = [seconds * trials / workers for seconds in trial]
        yield f"  training alone, {counted(trials, 'trial')} unpruned: about {_span(whole)}"


def _extent(inspection: Inspection) -> str:
    built = counted(len(inspection.corners), "different network")
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


def _span(seconds: Sequence[float]) -> str:
    """From the least to the most; one where they read the same."""
    least, most = _duration(min(seconds)), _duration(max(seconds))
    return least if least == most else f"{least} to {most}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
