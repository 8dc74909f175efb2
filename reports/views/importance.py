"""What matters: how much each parameter decides over being among an arm's best trials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.factorial import Shares, factorial_shares
from reports.importance import FEWEST, LIMIT, Importance, importances
from reports.tables import arm_names
from reports.view import View
from reports.views import importance_figures
from reports.views.ablation import Ablations, ablations
from search_spaces import Domain
from sweeps.config import SweepConfig
from sweeps.sharing import shared_names

KEY = "importance"


@dataclass(frozen=True)
class Facet:
    """Importances within one arm, or over all of them.

    Attributes:
        arm: Its name; None over all arms.
        trials: Complete trials with a finite value.
        used: Those that importances are computed from.
        shared: Of parameters that all arms have, the compared one among them where the facet is over all arms.
        own: Of parameters that only this arm and others like it have.
    """

    arm: str | None
    trials: int
    used: int
    shared: list[Importance]
    own: list[Importance]


@dataclass(frozen=True)
class Result:
    """Importances of each arm and over all of them.

    Attributes:
        why: What is missing for any of it; empty where nothing is.
        arms: Each arm that has trials enough, in order.
        joint: Over all arms, where there are several.
        factorials: Exact shares, by arm (None over all arms), where every combination was run.
        ablations: From the baseline's champion to the others'; None where nothing is compared.
    """

    why: str
    arms: list[Facet]
    joint: Facet | None
    factorials: list[tuple[str | None, Shares]]
    ablations: Ablations | None


def analyse(evidence: Evidence) -> Result:
    """Importances from complete trials of the search."""
    config, search = evidence.config, evidence.trials("search")
    rows = search[(search["state"] == "complete") & np.isfinite(search["value"])].sort_values("number")
    domains, shared = _domains(config), _shared(config)
    facets = [_facet(evidence, arm, rows[rows["arm"] == arm], own, shared) for arm, own in domains.items()]
    known = [facet for facet in facets if facet.shared or facet.own]
    joint = None
    if config.compare is not None:
        over_all = {name: p.domain for name, p in config.space.parameters.items() if name in {config.compare, *shared}}
        joint = _facet(evidence, None, rows, over_all, shared | {config.compare})
    return Result(
        why="" if known else f"No arm has {FEWEST} complete trials yet, the fewest that have a best tenth.",
        arms=known,
        joint=joint if joint and joint.shared and known else None,
        factorials=list(_factorials(evidence, rows, domains, shared)),
        ablations=ablations(evidence, rows),
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Shared parameters, those that arms have to themselves, the compared one, exact shares, ways between champions."""
    yield from importance_figures.views(result, evidence)


def _domains(config: SweepConfig) -> dict[str, dict[str, Domain]]:
    """The parameters of each arm, without the compared one."""
    spaces = {
        name: config.space if config.compare is None or arm is None else config.space.fix(config.compare, arm)
        for arm, name in arm_names(config).items()
    }
    return {
        name: {param: p.domain for param, p in space.parameters.items() if param != config.compare}
        for name, space in spaces.items()
    }


def _shared(config: SweepConfig) -> frozenset[str]:
    return shared_names(config)


def _facet(
    evidence: Evidence, arm: str | None, rows: pd.DataFrame, domains: dict[str, Domain], shared: frozenset[str]
) -> Facet:
    found = importances(rows, domains, evidence.look.direction)
    return Facet(
        arm,
        len(rows),
        min(len(rows), LIMIT),
        [each for each in found if each.name in shared],
        [each for each in found if each.name not in shared],
    )


def _factorials(
    evidence: Evidence, rows: pd.DataFrame, domains: dict[str, dict[str, Domain]], shared: frozenset[str]
) -> Iterator[tuple[str | None, Shares]]:
    for arm, own in domains.items():
        shares = factorial_shares(rows[rows["arm"] == arm], list(own))
        if shares:
            yield arm, shares
    compare = evidence.config.compare
    if compare is not None and all(set(own) == shared for own in domains.values()):
        shares = factorial_shares(
            rows, [compare, *(name for name in evidence.config.space.parameters if name in shared)]
        )
        if shares:
            yield None, shares
