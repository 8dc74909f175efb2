"""Whether `Search` finds as good a config as plain Optuna does, with the same sampler and the same number of trials.

Three functions of known minimum, one with a conditional param; for each, `seeds` searches by `study.optimize` and by
`Search`, which asks for the next trial once the last is told, or ahead of that, as it does while workers train. What is
compared is regret: the best value that was found less the minimum. Printed are its mean and standard deviation with
plain Optuna, and the upper end of the one-sided 95 % interval of what `Search` adds to it (Welch), in these deviations.

    python -m tests.benchmarks.sampler_quality [--trials 100] [--seeds 100]
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import optuna
from numpy.typing import NDArray
from scipy import stats

from search_spaces import ParamValue, SearchSpace
from sweeps.config import SweepConfig
from sweeps.records import EpochEnded, TrialSpec
from sweeps.search import Search
from sweeps.search.samplers import Tpe

Params = Mapping[str, ParamValue]
BAR = 0.5


@dataclass(frozen=True)
class Function:
    """To be minimized over a space; its minimum is 0."""

    name: str
    space: Mapping[str, object]
    value: Callable[[Params], float]


def _bowl(params: Params) -> float:
    x, rate = float(params["x"]), float(params["rate"])
    return (x - 0.3) ** 2 + 0.1 * (math.log10(rate) + 3) ** 2 + 0.05 * abs(int(params["n"]) - 7)


def _valley(params: Params) -> float:
    x, y = float(params["x"]), float(params["y"])
    return 0.01 * (100 * (y - x**2) ** 2 + (1 - x) ** 2)


def _branches(params: Params) -> float:
    rate = 0.1 * (math.log10(float(params["rate"])) + 2) ** 2
    if params["kind"] == "plain":
        return 0.1 + rate
    return rate + (math.log10(float(params["temperature"])) - 0.4) ** 2 + 0.02 * abs(int(params["steps"]) - 3)


FUNCTIONS = (
    Function(
        "bowl",
        {"x": {"float": [-1, 1]}, "rate": {"float": [1.0e-5, 0.1], "log": True}, "n": {"int": [1, 20]}},
        _bowl,
    ),
    Function("valley", {"x": {"float": [-2, 2]}, "y": {"float": [-1, 3]}}, _valley),
    Function(
        "branches",
        {
            "kind": ["routed", "plain"],
            "temperature": {"float": [0.1, 10.0], "log": True, "when": {"kind": "routed"}},
            "steps": {"int": [1, 5], "when": {"kind": "routed"}},
            "rate": {"float": [1.0e-4, 1.0], "log": True},
        },
        _branches,
    ),
)


@dataclass(frozen=True)
class Row:
    """One function: plain Optuna's regret, and what `Search` adds to it, ahead off and on, in its deviations."""

    function: str
    mean: float
    deviation: float
    off: float
    on: float


def compare(function: Function, *, trials: int, seeds: int) -> Row:
    """Search the function by all three ways, once for each seed."""
    plain = np.array([_by_optuna(function, trials, seed) for seed in range(seeds)])
    upper = [
        _upper_end(np.array([_by_search(function, trials, seed, ahead=ahead) for seed in range(seeds)]), plain)
        for ahead in (False, True)
    ]
    return Row(function.name, float(plain.mean()), float(plain.std(ddof=1)), *upper)


def _upper_end(ours: NDArray[np.float64], plain: NDArray[np.float64]) -> float:
    interval = stats.ttest_ind(ours, plain, equal_var=False, alternative="less").confidence_interval(0.95)
    return float(interval.high / plain.std(ddof=1))


def _by_optuna(function: Function, trials: int, seed: int) -> float:
    space = SearchSpace.from_mapping(function.space)
    settings = Tpe()
    sampler = optuna.samplers.TPESampler(
        n_startup_trials=settings.startup_trials,
        n_ei_candidates=settings.candidates,
        multivariate=settings.multivariate,
        constant_liar=settings.constant_liar,
        seed=seed,
    )
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: function.value(space.suggest(trial)), n_trials=trials)
    return float(study.best_value)


def _by_search(function: Function, trials: int, seed: int, *, ahead: bool) -> float:
    search = Search(
        SweepConfig.from_mapping(
            {
                "seed": seed,
                "space": function.space,
                "dataset": {"train": 128},
                "objective": {"metric": "loss", "direction": "minimize"},
                "search": {"trials": trials, "epochs": 1, "sampler": "tpe", "pruner": "none"},
            },
            source="benchmark",
        )
    )
    best, work = math.inf, search.ask()
    while work is not None:
        after = search.ask() if ahead else None
        value = function.value(work.spec.params)
        search.observe(_report(work.spec, value))
        best, work = min(best, value), after or search.ask()
    return best


def _report(spec: TrialSpec, value: float) -> EpochEnded:
    fields = {"step": 1, "seconds": 1.0, "is_first": True, "traces": 0, "memory_bytes": 0}
    return EpochEnded(number=spec.number, attempt=1, worker="w", epoch=0, metrics={"loss": value}, **fields)  # type: ignore[arg-type]


def main() -> int:
    """Print a row for each function; 1 if the search falls behind in any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=100)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    print(f"{options.trials} trials, {options.seeds} seeds; bar {BAR} standard deviations")
    print(f"{'function':10} {'regret':>10} {'sd':>10} {'ahead off':>10} {'on':>7}")
    behind = 0
    for function in FUNCTIONS:
        row = compare(function, trials=options.trials, seeds=options.seeds)
        behind += max(row.off, row.on) >= BAR
        print(f"{row.function:10} {row.mean:10.5f} {row.deviation:10.5f} {row.off:+10.2f} {row.on:+7.2f}", flush=True)

    return int(behind > 0)


if __name__ == "__main__":
    sys.exit(main())
