"""What is still to come after the search: the plan that must be frozen first, and the source of each phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sweeps.config import SweepConfig
from sweeps.history import History
from sweeps.phases.plan import Frozen, champions_of, freeze
from sweeps.phases.source import FixedPlan
from sweeps.phases.specs import confirm_specs, control_specs, cost_specs, swap_specs
from sweeps.records import LATER, AnyEvent, Phase, PlanFrozen, TrialEnded, TrialStarted
from sweeps.seeds import VARIED

_SPECS: dict[Phase, Callable[[SweepConfig, Sequence[Frozen]], Iterator[TrialStarted]]] = {
    "confirm": confirm_specs,
    "swap": swap_specs,
    "controls": control_specs,
    "cost_probe": cost_specs,
}


def plan_due(config: SweepConfig, history: History) -> PlanFrozen | None:
    """The plan that must be frozen before anything is trained, or its next revision; None if there is none to freeze.

    An arm without a single complete trial has no champion; only the baseline's with another's can be compared.
    """
    if not any(config.later_amounts.values()):
        return None
    plan = freeze(config, history)
    arms = [] if plan is None else [each.arm for each in champions_of(plan) if each.place == 0]
    return plan if config.baseline in arms and len(arms) > 1 else None


def source_of(
    phase: Phase,
    config: SweepConfig,
    plan: PlanFrozen,
    events: Sequence[AnyEvent],
    *,
    checkpoints: Mapping[int, int],
) -> tuple[FixedPlan, list[TrialEnded]]:
    """The source of a phase as far as a log has come, and the results that the log lacks.

    Args:
        phase: Which one.
        config: The sweep.
        plan: The last one frozen.
        events: The whole log.
        checkpoints: Epochs behind the checkpoint of each trial that still has one.
    """
    begun = sum(isinstance(event, TrialStarted) for event in events)
    source = FixedPlan(config, phase, _SPECS[phase](config, champions_of(plan)), first_number=begun)
    return source, source.replay(of_phase(events, phase), checkpoints=checkpoints)


def unfinished(config: SweepConfig, history: History, events: Sequence[AnyEvent]) -> list[Phase]:
    """The phases that are asked for and not over, in their order; one whose log lacks a result is not."""
    if plan_due(config, history) is not None:
        return [phase for phase in LATER if config.asks_for(phase)]
    if not history.plans:
        return []
    sources = {phase: source_of(phase, config, history.plans[-1], events, checkpoints={}) for phase in LATER}
    return [phase for phase, (source, due) in sources.items() if due or not source.finished()]


def trials_of(config: SweepConfig) -> dict[Phase, int]:
    """How many trials each phase after the search has at most: as many as if every arm had its champions."""
    arms = len(config.arms)
    counts: dict[Phase, int] = {
        "confirm": config.confirm.seeds * config.confirm.champions * arms,
        "swap": config.swap.settings * config.swap.seeds * arms,
        "controls": 2 * config.controls.pairs * (1 + len(config.controls.same)) + len(VARIED) * config.controls.sources,
        "cost_probe": config.cost_probe * arms,
    }
    return {phase: count for phase, count in counts.items() if count}


def of_phase(events: Iterable[AnyEvent], phase: Phase) -> Iterator[AnyEvent]:
    """The events of the trials of a phase; those of no trial are the search's."""
    phases: dict[int, Phase] = {}
    for event in events:
        if isinstance(event, TrialStarted):
            phases[event.number] = event.phase
        number = getattr(event, "number", None)
        if (phases.get(number, "search") if isinstance(number, int) else "search") == phase:
            yield event
