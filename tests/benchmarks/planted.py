"""Sweeps whose truth is known: formulas with a planted difference between two arms, trained by the real machine.

A config's accuracy is 99.2 % for `max`, `effect` more for `capsule`, and less by `depth` for every decade (squared)
that its learning rate is off. The seeds of a trial add to it by a normal deviate of 0.1 points, half of whose variance
both arms of a seed share; what is measured is the share that a model of this accuracy gets right of 10,000 images. So
the test accuracy of one config varies by 0.13 points between seeds, a third more than that of MNIST does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from reports.evidence import Evidence, evidence_of
from sweeps import driver
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset, TestSet
from sweeps.records import Seeds
from sweeps.runlog import RunDirectory
from sweeps.search import Search
from sweeps.training.inspection import Inspection

BASE, SPREAD, SHARED, IMAGES = 0.992, 0.001, 0.5, 10_000
_BEST_RATE = -3.0  # its decimal logarithm


@dataclass(frozen=True)
class Planted:
    """A formula for `SyntheticTrainer`.

    Args:
        effect: What `capsule` has over `max`.
        depth: What a learning rate costs that is one decade off.
        fails: Of how many seeds one makes `capsule` fail; 0 for none.
    """

    effect: float
    depth: float = 0.0005
    fails: int = 0

    def truth(self, params: Mapping[str, Any]) -> float:
        """The accuracy of a config over all seeds and images."""
        off = math.log10(params["learning_rate"]) - _BEST_RATE
        return BASE + self.effect * (params["pooling"] == "capsule") - self.depth * off**2

    def __call__(self, params: Mapping[str, Any], seeds: Seeds, epoch: int) -> dict[str, float]:
        """One epoch; a model comes up to its accuracy from a point below."""
        if self.fails and params["pooling"] == "capsule" and seeds.init % self.fails == 0:
            raise ValueError("planted")
        accuracy = self._counted(params, seeds, 1 + epoch) - 0.01 * 0.1**epoch
        return {"loss": 1 - accuracy, "val_loss": 1 - accuracy, "accuracy": accuracy, "val_accuracy": accuracy}

    def test(self, params: Mapping[str, Any], seeds: Seeds) -> dict[str, float]:
        """The same model on other images."""
        return {"accuracy": self._counted(params, seeds, 0)}

    def _counted(self, params: Mapping[str, Any], seeds: Seeds, images: int) -> float:
        arm = 1 + (params["pooling"] == "capsule")
        both, own = (np.random.default_rng((seeds.init, of)).normal() for of in (0, arm))
        accuracy = self.truth(params) + SPREAD * (math.sqrt(SHARED) * both + math.sqrt(1 - SHARED) * own)
        drawn = np.random.default_rng((seeds.order, arm, images)).binomial(IMAGES, min(1.0, accuracy))
        return float(drawn) / IMAGES


better, worse, same = Planted(0.003), Planted(-0.003), Planted(0.0, depth=0.0)
failing = Planted(0.003, fails=2)


def sweep(name: str, *, seed: int, trials: int, seeds: int, settings: int = 0) -> SweepConfig:
    return SweepConfig.from_mapping(
        {
            "name": name,
            "seed": seed,
            "model": {"build": f"{__name__}:{name}"},
            "dataset": {"name": "digits", "train": 64, "validation": 32},
            "space": {
                "pooling": ["capsule", "max"],
                "pool_size": {"int": [2, 4]},
                "temperature": {"float": [0.25, 8.0], "log": True, "when": {"pooling": "capsule"}},
                "learning_rate": {"float": [1e-4, 1e-2], "log": True},
            },
            "compare": "pooling",
            "search": {"trials": trials, "epochs": 2, "sampler": {"name": "tpe", "startup_trials": 5}},
            "confirm": {"seeds": seeds},
            "swap": {"settings": settings},
            "faults": {"same_error": 0},
        },
        source="planted",
    )


def run(config: SweepConfig, path: Path) -> Evidence:
    """Search, confirm and swap for real, and read the log for a report."""
    few = np.zeros((64, 1), np.uint8)
    data = Dataset(few, few[:, 0], few[:32], few[:32, 0], classes=2)
    facts = DataFacts("planted", "made", "digest", 64, 32, IMAGES, 0, "", 2, (1,))
    inspection = Inspection((), frozenset({"temperature"}), ())
    means = driver.Means(
        inline=True,
        address=None,
        say=lambda line: None,
        on_event=lambda event: None,
        trainer="sweeps.training.synthetic:SyntheticTrainer",
    )
    test = TestSet(np.zeros((IMAGES, 1), np.uint8), np.zeros(IMAGES, np.uint8))
    # No formula looks at an image, and none leaves a model that could be tested again.
    with (
        patch("sweeps.later.open_test_set", lambda config, digest: test),
        patch("sweeps.later.judge_incumbents", lambda *args, **kwargs: None),
    ):
        prepared = driver.Prepared(config, Search(config), data, facts, inspection)
        return evidence_of(driver.launch(prepared, RunDirectory(path), means))
