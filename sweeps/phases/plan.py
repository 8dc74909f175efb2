"""The analysis plan: frozen before anything after the search is trained, so that nothing in it can follow a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from search_spaces import ParamValue
from sweeps.codec import digest
from sweeps.config import ControlsConfig, SweepConfig
from sweeps.history import History, Trial
from sweeps.records import PlanFrozen
from sweeps.results import test_metric
from sweeps.selection import Candidate, Champion, select_champions

FAILURES = (
    "a replicate that fails or diverges leaves its pair out and is counted; beside it stands the result with every "
    "failure at chance level for an accuracy, else at the worst score that the run has shown, and what that does not "
    "back is not claimed"
)
_AMOUNTS = ("seeds", "swap", "controls", "cost_probe")


@dataclass(frozen=True)
class Frozen:
    """A champion as the plan names it.

    Attributes:
        arm: Its arm.
        place: From 0, the best of its arm first; champions of one place are compared with each other.
        config_hash: Its name.
        params: What it trains with.
        trials: The trials of the search that speak for it.
        value: What it was chosen by: optimistic.
    """

    arm: ParamValue
    place: int
    config_hash: str
    params: dict[str, ParamValue]
    trials: tuple[int, ...]
    value: float


def freeze(config: SweepConfig, history: History) -> PlanFrozen | None:
    """The plan, or its next revision where amounts have changed since; None if the last one still holds.

    Champions are chosen once: a revision keeps those of the first plan.
    """
    amounts = _amounts(config)
    if not history.plans:
        plan = {**_question(config, history), **amounts}
        return PlanFrozen(revision=1, plan=plan, digest=digest(plan))
    last = history.plans[-1]
    if all(_amount(key, last.plan[key]) == _amount(key, value) for key, value in amounts.items()):
        return None
    plan = {**last.plan, **amounts}
    return PlanFrozen(revision=last.revision + 1, plan=plan, digest=digest(plan))


def champions_of(plan: PlanFrozen) -> list[Frozen]:
    """The champions that a plan names, arm by arm."""
    entries: Any = plan.plan["champions"]
    return [Frozen(**{**entry, "trials": tuple(entry["trials"])}) for entry in entries]


def _question(config: SweepConfig, history: History) -> dict[str, object]:
    search = history.searched
    champions = [asdict(each) for arm in config.arms for each in _champions(config, arm, search)]
    confirm, objective = config.confirm, config.objective
    return {
        "metric": test_metric(objective),
        "chosen_by": objective.metric,
        "direction": objective.direction,
        "at": objective.at,
        "compare": config.compare,
        "arms": list(config.arms),
        "baseline": config.baseline,
        "comparisons": len(config.arms) - 1,
        "margin": confirm.margin,
        "alpha": confirm.alpha,
        "rule": confirm.rule,
        "runs": confirm.runs,
        "shifts": list(map(str, confirm.shifts.each)),
        "failures": FAILURES,
        "epochs": config.search.epochs,
        "budget": {"unit": config.search.budget, "amount": config.search.amount},
        "spent": [_spent(arm, search) for arm in config.arms],
        "champions": [{**each, "trials": list(each["trials"])} for each in champions],
        "incumbents": [{"arm": arm, "trials": _incumbents(arm, search)} for arm in config.arms],
    }


def _amounts(config: SweepConfig) -> dict[str, object]:
    controls = config.controls.model_dump(mode="json")
    amounts = {
        "seeds": config.confirm.seeds,
        "swap": config.swap.model_dump(mode="json"),
        "controls": controls,
        "cost_probe": config.cost_probe,
    }
    return {key: amounts[key] for key in _AMOUNTS}


def _amount(key: str, value: Any) -> object:
    """What a plan says; one that was frozen before a key was there asks for none of it."""
    return ControlsConfig.model_validate(value) if key == "controls" else value


def _champions(config: SweepConfig, arm: ParamValue, search: Iterable[Trial]) -> list[Frozen]:
    trials = {trial.number: trial for trial in search if trial.spec.arm == arm and trial.ended}
    chosen = select_champions(
        map(_candidate, trials.values()),
        direction=config.objective.direction,
        rule=config.confirm.rule,
        count=config.confirm.champions,
    )
    return [_frozen(arm, place, each, trials) for place, each in enumerate(chosen)]


def _candidate(trial: Trial) -> Candidate:
    ended = trial.ended
    assert ended is not None
    return Candidate(trial.number, trial.spec.config_hash, ended.state, ended.value, ended.feasible)


def _frozen(arm: ParamValue, place: int, champion: Champion, trials: dict[int, Trial]) -> Frozen:
    params = dict(trials[champion.numbers[0]].spec.params)
    return Frozen(arm, place, champion.config_hash, params, champion.numbers, champion.value)


def _spent(arm: ParamValue, search: Iterable[Trial]) -> dict[str, object]:
    """What an arm's search took: trials by their state, and worker seconds."""
    trials = [trial for trial in search if trial.spec.arm == arm]
    states = Counter(trial.state for trial in trials)
    return {
        "arm": arm,
        "trials": len(trials),
        "states": dict(sorted(states.items())),
        "seconds": round(sum(trial.spent for trial in trials), 3),
    }


def _incumbents(arm: ParamValue, search: Iterable[Trial]) -> list[int]:
    """The trials that were the best of their arm when they ended, whose weights were kept, in that order."""
    kept = [trial for trial in search if trial.spec.arm == arm and "model" in trial.artifacts and trial.ended]
    return [trial.number for trial in sorted(kept, key=lambda trial: trial.ended.time if trial.ended else 0.0)]
