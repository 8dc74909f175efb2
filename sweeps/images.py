"""Which data a sweep runs on: those that it names, or the quickstart's stand-in for an MNIST that cannot be had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sweeps.batches import check_batches
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, DataNotFound, Dataset, load_dataset, load_own_dataset
from sweeps.errors import ConfigError, RunError
from sweeps.history import History

QUICKSTART = "quickstart"
FALLBACK: dict[str, Any] = {"name": "digits", "train": 1250, "validation": 250, "test": 297}


def load_or_fall_back(
    config: SweepConfig, *, may_fall_back: bool
) -> tuple[SweepConfig, Dataset, DataFacts, tuple[str, ...]]:
    """The sweep, its data and what must be said of them; another data set where MNIST may be replaced and must be.

    Raises:
        CapsweepError: If the data cannot be had.
    """
    try:
        config, data, facts = _load(config)
    except DataNotFound:
        if not may_fall_back:
            raise
    else:
        return config, data, facts, tuple(_remarks(facts))
    note = "MNIST could not be had: this run is on scikit-learn's bundled digits instead"
    config = replace_dataset(config, FALLBACK)
    return (*_load(config), (note,))


def _remarks(facts: DataFacts) -> Iterator[str]:
    if facts.repeats:
        yield (
            f"warning: dataset.load: {facts.repeats:,} of the {facts.test:,} test examples are also among those to "
            "train and validate on, so they measure no generalisation"
        )


def _load(config: SweepConfig) -> tuple[SweepConfig, Dataset, DataFacts]:
    """The data, and the sweep with its sizes written out."""
    data, facts = load_data(config)
    config = replace_dataset(config, {"train": facts.train, "validation": facts.validation})
    check_batches(config)
    _check_shifts(config, facts)
    if config.confirm.seeds and not facts.test:
        whose = f"{config.dataset.load} returns none" if config.dataset.load else f"{facts.name} has none"
        raise ConfigError(f"confirm.seeds: needs a test set, and {whose}; leave it out")
    if config.dataset.test and config.dataset.test > facts.test:
        raise ConfigError(
            f"dataset.test: must be at most {facts.test:,}, the size of the test set, got {config.dataset.test:,}; "
            "leave it out for all of it"
        )
    return config, data, facts


def _check_shifts(config: SweepConfig, facts: DataFacts) -> None:
    """Refuse to move or turn what is no picture, and to move a picture out of itself."""
    shifts, shape = config.confirm.shifts, facts.shape
    if not shifts.each:
        return
    if len(shape) not in (2, 3):
        raise ConfigError(
            f"confirm.shifts: moves and turns pictures, (h, w) or (h, w, c), and an example of {facts.name} has the "
            f"shape {shape}; leave it out"
        )
    side = min(shape[:2])
    for pixels in shifts.translate:
        if pixels >= side:
            raise ConfigError(
                f"confirm.shifts.translate: must be below {side}, the smaller side of a picture of {facts.name}, got "
                f"{pixels}"
            )


def replace_dataset(config: SweepConfig, values: dict[str, Any]) -> SweepConfig:
    """The same sweep on other data."""
    document = config.model_dump(mode="json")
    return SweepConfig.from_mapping({**document, "dataset": {**document["dataset"], **values}}, source="--dataset")


def may_fall_back(sweep: str, config: SweepConfig, *, dataset: str | None) -> bool:
    """Only the quickstart may run on other data than it names, and only where nobody named any."""
    asked = config.dataset
    return sweep == QUICKSTART and dataset is None and asked.name == "mnist" and asked.file is None and not asked.load


def load_data(config: SweepConfig) -> tuple[Dataset, DataFacts]:
    """The examples that a sweep asks for.

    Raises:
        CapsweepError: If they cannot be had.
    """
    asked = config.dataset
    sizes = {"train": asked.train, "validation": asked.validation}
    if asked.load is not None:
        return load_own_dataset(asked.load, asked.args, name=asked.name, split_seed=asked.split_seed, **sizes)
    file = Path(asked.file) if asked.file else None
    return load_dataset(asked.name, split_seed=asked.split_seed, file=file, **sizes)


def check_same_data(history: History, facts: DataFacts) -> None:
    """Refuse other data than a run was made on, wherever its file lies now.

    Raises:
        RunError: If the digests differ.
    """
    recorded = str(history.header.data["digest"])
    if facts.digest != recorded:
        own = history.config.dataset.load
        fix = f"{own} must return the same again; seed what it draws" if own else "name the same data with --dataset"
        raise RunError(
            f"{history.directory.path}: was run on data with digest {recorded[:12]}, "
            f"found {facts.digest[:12]} ({facts.source}); {fix}"
        )
