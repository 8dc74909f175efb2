"""A sweep small enough for every test of the machine, and the fakes' own data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.records import TrialSpec, TrialStarted
from sweeps.seeds import trial_seeds

SWEEP = {
    "name": "small",
    "model": {"build": "capsule_layer:build_classifier", "args": {"batch_norm_momentum": 0.9}},
    "dataset": {"name": "digits", "train": 64, "validation": 32},
    "space": {
        "pooling": ["capsule", "max"],
        "pool_size": {"int": [3, 4]},
        "temperature": {"float": [0.1, 10.0], "log": True, "when": {"pooling": "capsule"}},
        "learning_rate": {"float": [1e-4, 1e-2], "log": True},
    },
    "compare": "pooling",
    "search": {"trials": 2, "epochs": 2},
    "training": {"batch_size": 32},
}


@pytest.fixture
def make_config() -> Callable[..., SweepConfig]:
    """The small sweep, with top-level keys replaced."""
    return lambda **changes: SweepConfig.from_mapping({**SWEEP, **changes}, source="test")


@pytest.fixture
def config(make_config: Callable[..., SweepConfig]) -> SweepConfig:
    """The small sweep."""
    return make_config()


@pytest.fixture(scope="session")
def data() -> Dataset:
    """A few images that can be told apart: each class lights its own rows."""
    generator = np.random.default_rng(0)
    labels = np.arange(96, dtype=np.uint8) % 10
    images = generator.integers(0, 60, (96, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 + 2 * label : 5 + 2 * label] += 150
    return Dataset(images[:64], labels[:64], images[64:], labels[64:], classes=10)


@pytest.fixture
def make_spec() -> Callable[..., TrialSpec]:
    """A trial of the small sweep: `make_spec(number, pooling="max", ...)`."""

    def make(number: int, *, epochs: int = 2, seed: int | None = None, **params: object) -> TrialSpec:
        chosen = {"pooling": "max", "pool_size": 3, "learning_rate": 1e-3, **params}
        if chosen["pooling"] == "capsule":
            chosen.setdefault("temperature", 1.0)
        return TrialStarted(
            number=number,
            study="small",
            arm=chosen["pooling"],  # type: ignore[arg-type]
            order=number,
            params=chosen,  # type: ignore[arg-type]
            config_hash="",
            shared_hash="",
            sampler_phase="random",
            epochs=epochs,
            seeds=trial_seeds(0, "search", number if seed is None else seed, split=0),
        )

    return make
