"""What a person would want to hear before a sweep begins: a budget too small for what was chosen, a setting in vain."""

from __future__ import annotations

import math
from collections.abc import Iterator

from search_spaces import SearchSpace
from sweeps.batches import steps_per_epoch
from sweeps.config import Schedule, SweepConfig
from sweeps.search import pruners, samplers
from sweeps.search.pruners import Pruner
from sweeps.search.samplers import Sampler
from sweeps.search.settings import read_pruner, read_sampler, space_of
from sweeps.search.studies import cohort_of


def advise(config: SweepConfig) -> Iterator[str]:
    """One sentence for each choice that will not do what it is there for; the sweep would run all the same.

    Args:
        config: The sweep, its data's sizes written out.
    """
    sampler, pruner = read_sampler(config), read_pruner(config)
    yield from _of_sampler(config, sampler)
    yield from _of_spaces(config, sampler)
    yield from _of_warm_start(config, sampler)
    yield from _of_pruner(config, pruner)
    yield from _of_schedule(config)
    parameter = config.space.parameters.get("early_stopping")
    patience = max(map(int, parameter.domain.corners())) if parameter else config.training.early_stopping
    if patience >= config.search.epochs:
        yield f"training.early_stopping: {patience} epochs without a better one cannot pass in {config.search.epochs}"


def _of_schedule(config: SweepConfig) -> Iterator[str]:
    schedule, epochs = config.training.schedule, config.search.epochs
    searched = config.space.parameters.get("schedule")
    if "steps" not in (searched.domain.corners() if searched else (schedule.name,)):
        return
    if schedule.name != "steps":
        schedule = Schedule(name="steps")
    used = len({schedule.step(epoch, epochs) for epoch in range(epochs)})
    if used < len(schedule.factors):
        yield (
            f"training.schedule: of the {len(schedule.factors)} factors of steps, trials of {epochs} epochs use {used}"
            "; name fewer, or set search.epochs higher"
        )


def _of_sampler(config: SweepConfig, sampler: Sampler) -> Iterator[str]:
    name, trials = config.search.sampler.name, config.search.trials
    is_warm = bool(config.search.warm_start) and sampler.hears
    random = max(cohort_of(config, sampler), 0 if is_warm else sampler.startup)
    if trials is not None and sampler.learns == "model" and random >= trials:
        yield (
            f"search.sampler: {name} draws the first {random} trials of an arm at random, which are all {trials}; ask "
            "for more trials, or for fewer at random"
        )
    if (
        isinstance(sampler, samplers.Nsga2)
        and trials is not None
        and sampler.population < trials < 3 * sampler.population
    ):
        yield (
            f"search.sampler: {trials} trials are fewer than three generations of {sampler.population}; nsgaii needs "
            "several; set population"
        )
    if isinstance(sampler, samplers.Imported) and not sampler.replayable:
        yield f"search.sampler: {name} takes no seed, so a sweep that is resumed goes on otherwise than it would have"
    if sampler.remembers and isinstance(sampler, samplers.CmaEs | samplers.Qmc):
        yield from _of_conditions(config, name)


def _of_conditions(config: SweepConfig, name: str) -> Iterator[str]:
    for value in config.arms:
        space = space_of(config, value)
        hanging = [key for key, parameter in space.parameters.items() if parameter.when and not _always(space, key)]
        if hanging:
            yield f"search.sampler: {name} knows no conditions, and draws {', '.join(hanging)} at random"


def _always(space: SearchSpace, name: str) -> bool:
    """Whether the conditions of a param always hold in a space, as those of an arm do in its own."""
    return all(
        set(space.parameters[other].domain.corners()) <= set(values) and _always(space, other)
        for other, values in space.parameters[name].when.items()
    )


def _of_spaces(config: SweepConfig, sampler: Sampler) -> Iterator[str]:
    trials = config.search.trials
    for value in config.arms:
        space, arm = space_of(config, value), "the space" if value is None else f"{config.compare} {value}"
        if sampler.grid is not None:
            size: int | None = sum(1 for _ in space.grid(sampler.grid))
        else:
            size = space.size()
        if size is None or trials is None:
            continue
        if size < trials and config.search.repeats == "skip":
            yield f"search.repeats: skip ends {arm} after all its configs, {size:,}, before its {trials} trials"
        elif 1 < size < trials:  # a single config is there to be run with several seeds
            yield f"search.trials: {arm} has {size:,} configs: some of its {trials} trials differ only in their seeds"
        elif sampler.grid is not None and size > trials:
            yield f"search.trials: {trials} trials are not enough for the {size} configs that {arm} has in the plan"


def _of_pruner(config: SweepConfig, pruner: Pruner) -> Iterator[str]:
    name, epochs, trials = config.search.pruner.name, config.search.epochs, config.search.trials
    steps = min(steps_per_epoch(config, space_of(config, value)) for value in config.arms)
    if type(pruner) is Pruner:
        return
    if isinstance(pruner, pruners.Wilcoxon):
        yield (
            "search.pruner: wilcoxon is made for values that may come in any order, as of folds, which epochs may not"
        )
    first = pruner.first_judged(steps_per_epoch=steps, epochs=epochs)
    if first >= epochs:
        yield f"search.pruner: {name} stops no trial before epoch {first}, and trials have {epochs}; it will stop none"
    elif first * steps < pruners.WARMUP_STEPS:
        fix = f"; set {pruner.inner.later}" if pruner.inner.later else ""
        yield (
            f"search.pruner: {name} judges a trial after {first * steps} optimizer steps; batch normalisation needs "
            f"about {pruners.WARMUP_STEPS} before a validation metric means anything{fix}"
        )
    startup = getattr(pruner.inner, "startup_trials", 0)
    if trials is not None and startup >= trials:
        yield f"search.pruner: {name} lets the first {startup} trials of an arm run, and it has {trials}; it stops none"
    if isinstance(pruner.inner, pruners.Hyperband):
        yield from _of_hyperband(config, pruner.inner, steps)


def _of_hyperband(config: SweepConfig, pruner: pruners.Hyperband, steps: int) -> Iterator[str]:
    trials, epochs = config.search.trials, config.search.epochs
    if pruner.max_resource is not None and pruner.max_resource > epochs:
        yield f"search.pruner: hyperband counts on {pruner.max_resource} epochs, and trials have {epochs}"
    shares = pruner.shares(steps_per_epoch=steps, epochs=epochs)
    if trials is None or len(shares) == 1:
        return
    smallest, needed = min(shares), 2 * pruner.reduction_factor
    if trials * smallest < needed:
        yield (
            f"search.trials: hyperband compares trials of one bracket, and the smallest of {len(shares)} gets about "
            f"{trials * smallest:.0f} of {trials}; ask for {math.ceil(needed / smallest)}, or choose the median pruner"
        )


def _of_warm_start(config: SweepConfig, sampler: Sampler) -> Iterator[str]:
    if config.search.warm_start and not sampler.hears:
        skips = ", but leaves out what they tried" if config.search.repeats == "skip" else ""
        yield (
            f"search.warm_start: {config.search.sampler.name} learns nothing from the trials of other runs{skips}; tpe "
            "and gp do"
        )
