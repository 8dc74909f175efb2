"""The sample data of the design: ten paired test accuracies of two arms."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def a():
    return np.array([0.9905, 0.9912, 0.9918, 0.9921, 0.9899, 0.9926, 0.9909, 0.9915, 0.9920, 0.9907])


@pytest.fixture
def b():
    return np.array([0.9893, 0.9901, 0.9910, 0.9908, 0.9885, 0.9911, 0.9898, 0.9906, 0.9912, 0.9890])
