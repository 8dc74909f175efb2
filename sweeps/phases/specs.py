"""What each phase after the search trains: every trial of it, known before the first begins."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from search_spaces import Params, ParamValue
from sweeps.codec import config_hash
from sweeps.config import SweepConfig
from sweeps.config.phases import same_network
from sweeps.phases.plan import Frozen
from sweeps.records import Phase, TrialStarted
from sweeps.seeds import VARIED, derive, source_seeds, trial_seeds
from sweeps.sharing import shared_names, shared_params

_PROBED_EPOCHS = 3


def confirm_specs(config: SweepConfig, champions: Sequence[Frozen]) -> Iterator[TrialStarted]:
    """Every champion over the same fresh seeds; those of one place and seed are a pair."""
    for seed in range(config.confirm.seeds):
        for each in sorted(champions, key=lambda champion: champion.place):
            yield _spec(config, "confirm", each.arm, each.params, seed, pair=f"confirm:{each.place}:{seed}")


def swap_specs(config: SweepConfig, champions: Sequence[Frozen]) -> Iterator[TrialStarted]:
    """Shared params drawn once a setting; in each arm the rest is the champion's, and the seeds are the same."""
    firsts = {each.arm: each for each in champions if each.place == 0}
    for setting in range(config.swap.settings):
        drawn = _Drawn(random.Random(derive(config.seed, "swap", setting)))
        for seed in range(config.swap.seeds):
            index = setting * config.swap.seeds + seed
            for arm, champion in firsts.items():
                params = _swapped(config, arm, champion.params, drawn)
                yield _spec(config, "swap", arm, params, index, pair=f"swap:{setting}:{seed}")


def control_specs(config: SweepConfig, champions: Sequence[Frozen]) -> Iterator[TrialStarted]:
    """The baseline's champion against itself, networks that should be the same, and each source of chance alone."""
    base = next((each for each in champions if each.arm == config.baseline and each.place == 0), None)
    if base is None:
        return
    compare = config.compare or ""
    for pair in range(config.controls.pairs):
        for side, index in (("a", 2 * pair), ("b", 2 * pair + 1)):
            yield _spec(config, "controls", base.arm, base.params, index, pair=f"aa:{pair}", side=side)
    for place, both in enumerate(config.controls.same):
        for pair in range(config.controls.pairs):
            for side, given in zip("ab", both, strict=True):
                params = same_network(config.space, compare=compare, base=base.params, given=given)
                arm = params[compare]
                yield _spec(config, "controls", arm, params, pair, pair=f"same:{place}:{pair}", side=side)
    for index in range(config.controls.sources):
        for source in VARIED:
            spec = _spec(config, "controls", base.arm, base.params, index, pair=f"source:{source}:{index}")
            seeds = source_seeds(config.seed, source, index, split=config.dataset.split_seed)
            yield replace(spec, seeds=seeds)


def cost_specs(config: SweepConfig, champions: Sequence[Frozen]) -> Iterator[TrialStarted]:
    """A few short replicates of every first champion, to be trained alone."""
    epochs = min(_PROBED_EPOCHS, config.search.epochs)
    for seed in range(config.cost_probe):
        for each in (champion for champion in champions if champion.place == 0):
            yield _spec(config, "cost_probe", each.arm, each.params, seed, pair=f"cost:{seed}", epochs=epochs)


def key_of(spec: TrialStarted) -> tuple[str | None, str, str | None]:
    """What makes a trial of a phase itself, whatever number it got."""
    return spec.pair_id, spec.study, spec.side


def _spec(
    config: SweepConfig,
    phase: Phase,
    arm: ParamValue,
    params: Params,
    index: int,
    *,
    pair: str,
    side: str | None = None,
    epochs: int | None = None,
) -> TrialStarted:
    return TrialStarted(
        number=-1,
        phase=phase,
        study=config.study_of(arm),
        arm=arm,
        order=index,
        params=dict(params),
        config_hash=config_hash(params),
        shared_hash=config_hash(shared_params(params, config)),
        sampler_phase="frozen",
        epochs=config.search.epochs if epochs is None else epochs,
        seeds=trial_seeds(config.seed, phase, index, split=config.dataset.split_seed),
        pair_id=pair,
        replicate=index,
        seed_index=index,
        side=side,  # type: ignore[arg-type]
    )


def _swapped(config: SweepConfig, arm: ParamValue, champion: Params, drawn: _Drawn) -> dict[str, ParamValue]:
    """A config of an arm at a setting: what it shares is drawn, the rest is its champion's where that has it."""
    own = {name: value for name, value in champion.items() if name not in shared_names(config)}
    return config.space.fix(config.compare or "", arm).suggest(_Held(own, drawn))


@dataclass
class _Drawn:
    """Stands in for a trial of Optuna's: draws each param once, uniformly, and keeps it."""

    generator: random.Random
    values: dict[str, ParamValue] = field(default_factory=dict)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        if name not in self.values:
            drawn = self._real(low - 0.5, high + 0.5, log=log) if log else self.generator.randint(low, high)
            self.values[name] = min(high, max(low, round(drawn)))
        return int(self.values[name])

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        if name not in self.values:
            self.values[name] = self._real(low, high, log=log)
        return float(self.values[name])

    def suggest_categorical(self, name: str, choices: Sequence[ParamValue | None]) -> ParamValue | None:
        if name not in self.values:
            self.values[name] = self.generator.choice([choice for choice in choices if choice is not None])
        return self.values[name]

    def _real(self, low: float, high: float, *, log: bool) -> float:
        if not log:
            return self.generator.uniform(low, high)
        return min(high, max(low, math.exp(self.generator.uniform(math.log(low), math.log(high)))))


@dataclass(frozen=True)
class _Held:
    """The same, but for params that are held at a value."""

    held: Mapping[str, ParamValue]
    drawn: _Drawn

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return int(self.held[name]) if name in self.held else self.drawn.suggest_int(name, low, high, log=log)

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return float(self.held[name]) if name in self.held else self.drawn.suggest_float(name, low, high, log=log)

    def suggest_categorical(self, name: str, choices: Sequence[ParamValue | None]) -> ParamValue | None:
        if len(choices) == 1:  # the arm itself
            return choices[0]
        return self.held[name] if name in self.held else self.drawn.suggest_categorical(name, choices)
