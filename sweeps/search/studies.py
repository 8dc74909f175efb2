"""The studies of a sweep: one an arm under `compare`, one in all without."""

from __future__ import annotations

from search_spaces import ParamValue, SearchSpace
from sweeps.codec import digest
from sweeps.config import SweepConfig
from sweeps.records import StudyCreated
from sweeps.search.arm import Arm
from sweeps.search.settings import read_pruner, read_sampler


def make_arms(config: SweepConfig) -> dict[str, Arm]:
    """Every arm by the name of its study, which is made of sweep and arm.

    Raises:
        ConfigError: If the sampler or the pruner, or a setting of theirs, is not known.
    """
    names = {config.name if value is None else f"{config.name}/{value}": value for value in config.arms}
    return {name: _make_arm(name, value, config) for name, value in names.items()}


def describe(arm: Arm, config: SweepConfig) -> StudyCreated:
    """What the log keeps of a study."""
    sampler, pruner = read_sampler(config.search.sampler), read_pruner(config.search.pruner)
    space = arm.space.to_mapping()
    return StudyCreated(
        study=arm.name,
        arm=arm.value,
        budget=config.search.amount,
        unit=config.search.budget,
        direction=config.objective.direction,
        sampler=config.search.sampler.name,
        sampler_settings=sampler.model_dump(),
        pruner=config.search.pruner.name,
        pruner_settings=pruner.model_dump(),
        startup_trials=sampler.startup,
        seed=config.seed,
        space=space,
        space_digest=digest(space),
    )


def _make_arm(name: str, value: ParamValue | None, config: SweepConfig) -> Arm:
    space = config.space if config.compare is None or value is None else config.space.fix(config.compare, value)
    steps = -(-(config.dataset.train or 1) // largest_batch(space, config.training.batch_size))
    return Arm(
        name,
        space,
        value=value,
        seed=config.seed,
        sampler=read_sampler(config.search.sampler),
        pruner=read_pruner(config.search.pruner).make(steps_per_epoch=steps),
        direction=config.objective.direction,
        first=config.first_points(value),
    )


def largest_batch(space: SearchSpace, default: int) -> int:
    """The batch of the trials that make the fewest steps an epoch: no trial is stopped before its share of them."""
    parameter = space.parameters.get("batch_size")
    sizes = [int(size) for size in parameter.domain.corners()] if parameter else [default]
    return max(*sizes, default) if parameter and parameter.when else max(sizes)
