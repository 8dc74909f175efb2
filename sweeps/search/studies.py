"""The studies of a sweep: one an arm under `compare`, one in all without."""

from __future__ import annotations

from sweeps.batches import steps_per_epoch
from sweeps.codec import digest
from sweeps.config import SweepConfig
from sweeps.records import StudyCreated
from sweeps.search.arm import Arm
from sweeps.search.proposals import Proposals
from sweeps.search.samplers import Sampler
from sweeps.search.settings import plan_of, read_pruner, read_sampler, space_of


def make_arms(config: SweepConfig) -> dict[str, Arm]:
    """Every arm by the name of its study, which is made of sweep and arm.

    Raises:
        ConfigError: If the sampler or the pruner, or a setting of theirs, is not known or does not fit.
    """
    names = {config.study_of(value): value for value in config.arms}
    sampler, pruner = read_sampler(config), read_pruner(config)
    grid = plan_of(sampler, config)
    arms = {}
    for name, value in names.items():
        space = space_of(config, value)
        proposals = Proposals(
            space,
            value=value,
            seed=config.seed,
            sampler=sampler,
            grid=grid,
            cohort=cohort_of(config, sampler),
            # Points that are given count as start-up trials, too: the sampler would draw fewer at random.
            insists=config.search.cohort is not None or bool(config.first_points(value)),
            first=config.first_points(value),
            skips=config.search.repeats == "skip",
        )
        steps = steps_per_epoch(config, space)
        arms[name] = Arm(
            name,
            space,
            value=value,
            proposals=proposals,
            pruner=pruner.make(steps_per_epoch=steps, epochs=config.search.epochs),
            directions=config.objective.directions,
        )
    return arms


def describe(arm: Arm, config: SweepConfig) -> StudyCreated:
    """What the log keeps of a study."""
    sampler, pruner = read_sampler(config), read_pruner(config)
    space, steps = arm.space.to_mapping(), steps_per_epoch(config, arm.space)
    return StudyCreated(
        study=arm.name,
        arm=arm.value,
        budget=config.search.amount,
        unit=config.search.budget,
        cohort=cohort_of(config, sampler),
        size=arm.space.size(),
        direction=config.objective.direction,
        sampler=config.search.sampler.name,
        sampler_settings=sampler.model_dump(mode="json"),
        pruner=config.search.pruner.name,
        pruner_settings=pruner.written_out(steps_per_epoch=steps, epochs=config.search.epochs).model_dump(mode="json"),
        startup_trials=sampler.startup,
        seed=config.seed,
        space=space,
        space_digest=digest(space),
    )


def cohort_of(config: SweepConfig, sampler: Sampler) -> int:
    """Trials of an arm that are drawn at random first: those asked for, or those that the sampler draws so anyway."""
    if config.search.cohort is not None:
        return config.search.cohort
    if config.search.warm_start and sampler.hears:  # it knows trials, and begins with its model
        return 0
    return min(sampler.startup, config.search.trials or sampler.startup)
