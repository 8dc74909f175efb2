"""What an arm tries next: given points, a random cohort, a plan, or what the sampler makes of the trials so far."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import optuna

from search_spaces import ParamValue, SearchSpace
from sweeps.codec import config_hash
from sweeps.search.draw import Config, Draw, WholeDraw
from sweeps.search.samplers import Sampler
from sweeps.seeds import derive

_REDRAWS = 10
_RANDOM_DRAWS = 200


@dataclass(frozen=True)
class Proposal:
    """Params, how they were found, and how many trials of the study had them before."""

    params: Config
    phase: str
    replicate: int


class Proposals:
    """Chooses the params of an arm's trials, one by one, and never repeats a config without saying so.

    Args:
        space: What may be suggested.
        value: Of the compared parameter; None in a joint search. Draws are seeded by it and not by the study's name, so
            that a renamed sweep draws the same (but for Hyperband, whose brackets hash the name).
        seed: The sweep's seed.
        sampler: Named by the sweep file.
        grid: Points of each number in the plan that takes the sampler's place; None if it has no plan.
        cohort: Trials drawn at random first.
        insists: Whether they are, if the sampler would not draw them so by itself.
        first: Params to try before anything is drawn.
        skips: Whether a config that has been run is left out; otherwise it is run again, with other seeds.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        value: ParamValue | None,
        seed: int,
        sampler: Sampler,
        grid: int | None,
        cohort: int,
        insists: bool,
        first: Sequence[Mapping[str, ParamValue]],
        skips: bool,
    ) -> None:
        self._space, self._value, self._seed = space, value, seed
        self._sampler, self._cohort, self._insists, self._skips = sampler, cohort, insists, skips
        self._first = [dict(point) for point in first]
        self._plan = None if grid is None else self._shuffled(list(space.grid(grid)))
        self._size = space.size()
        self._known: Counter[str] = Counter()
        self._given = self._planned = self._drawn = 0
        self._made: optuna.samplers.BaseSampler | None = None
        self._drawings: list[WholeDraw] = []
        self._by_chance = False
        self._left = {config_hash(point) for point in (*(self._plan or ()), *self._first)}

    def know(self, params: Mapping[str, ParamValue]) -> None:
        """Note a config that has been run, by this arm or in an earlier run."""
        self._known[config_hash(params)] += 1
        self._left.discard(config_hash(params))

    def exhausted(self) -> bool:
        """Whether the sampler has asked to end, or no config is left and none is to be run again."""
        if any(drawing.stopped for drawing in self._drawings):
            return True
        if not self._skips:
            return False
        if self._plan is not None:
            return not self._left
        return self._size is not None and len(self._known) >= self._size

    def propose(self, study: optuna.Study) -> tuple[optuna.Trial, Proposal]:
        """Begin a trial of the study with params that are to be tried next."""
        given = next((place for place in range(self._given, len(self._first)) if self._wants(self._first[place])), None)
        if given is not None:
            self._given = given + 1
            return self._propose(_put(study, self._first[given]), self._first[given], "given")
        if self._plan is not None and self._drawn >= self._cohort:
            point = self._next_of_plan(self._plan)
            return self._propose(_put(study, point), point, "plan")
        at_random = self._at_random
        trial, params, guided = self._draw(study, self._new if self._skips else _as_drawn)
        learned = self._sampler.learns if guided and not at_random else None
        return self._propose(trial, params, learned or self._chance())

    def restore(self, study: optuna.Study, params: Mapping[str, ParamValue], phase: str) -> optuna.Trial:
        """Begin a trial again with the params that the log has; the sampler is asked again where it must be."""
        if phase == "given":
            left = range(self._given, len(self._first))
            self._given = next((place + 1 for place in left if self._first[place] == params), self._given)
        elif self._plan is not None and phase == "plan":
            self._next_of_plan(self._plan)
        elif self._sampler.remembers and not self._at_random:
            trial, _, _ = self._draw(study, self._as_logged(params))
            self.know(params)
            return trial
        else:
            self._drawn += 1
        self.know(params)
        return _put(study, params)

    @property
    def _at_random(self) -> bool:
        """Whether the next draw is of a cohort that was asked for."""
        return self._insists and self._drawn < self._cohort

    def _chance(self) -> str:
        """What a draw is called that has just been made at random."""
        if self._drawn <= self._cohort:
            return "cohort"
        return "startup" if self._sampler.learns else "random"

    def _propose(self, trial: optuna.Trial, params: Config, phase: str) -> tuple[optuna.Trial, Proposal]:
        before = self._known[config_hash(params)]
        self.know(params)
        return trial, Proposal(params, phase, before)

    def _draw(self, study: optuna.Study, settle: Callable[[Draw], Config]) -> tuple[optuna.Trial, Config, bool]:
        """Have a sampler draw that is seeded for this very suggestion, so that resume draws the same."""
        seed = derive(self._seed, self._value, self._drawn, "sampler")
        if self._at_random or self._plan is not None:
            inner: optuna.samplers.BaseSampler = optuna.samplers.RandomSampler(seed=seed)
        else:
            inner = self._made = self._sampler.make(seed, last=self._made)
        self._drawn += 1
        self._by_chance = False
        study.sampler = drawing = WholeDraw(inner, self._space, settle)
        self._drawings = [each for each in self._drawings if each.stopped] + [drawing]
        trial = study.ask()
        params = self._space.suggest(trial)
        return trial, params, drawing.guided and not self._by_chance

    def _new(self, draw: Draw) -> Config:
        """A config that has not been run: of the sampler, by chance, or whichever is left."""
        for _ in range(_REDRAWS):
            if not self._is_known(params := draw()):
                return params
        self._by_chance = True
        chance = random.Random(derive(self._seed, self._value, self._drawn, "other"))
        for _ in range(_RANDOM_DRAWS):
            if not self._is_known(params := self._space.suggest(_Chance(chance))):
                return params
        left = [point for point in self._space.grid(2**31) if not self._is_known(point)]
        return chance.choice(left) if left else params

    def _as_logged(self, params: Mapping[str, ParamValue]) -> Callable[[Draw], Config]:
        """The params of the log, after all the draws that led to them then."""

        def settle(draw: Draw) -> Config:
            self._new(draw) if self._skips else draw()
            return dict(params)

        return settle

    def _next_of_plan(self, plan: list[Config]) -> Config:
        """The next point that is wanted; from the beginning again where all have been run."""
        for _ in plan:
            point = plan[self._planned % len(plan)]
            self._planned += 1
            if self._wants(point):
                return point
        return point

    def _wants(self, params: Config) -> bool:
        return not self._skips or not self._is_known(params)

    def _is_known(self, params: Config) -> bool:
        return config_hash(params) in self._known

    def _shuffled(self, plan: list[Config]) -> list[Config]:
        random.Random(derive(self._seed, self._value, "plan")).shuffle(plan)
        return plan


class _Chance:
    """A trial whose params are drawn at random."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return self._chance.randint(low, high)

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        if log:
            return min(max(math.exp(self._chance.uniform(math.log(low), math.log(high))), low), high)
        return self._chance.uniform(low, high)

    def suggest_categorical(self, name: str, choices: Sequence[ParamValue | None]) -> ParamValue | None:
        return self._chance.choice(choices)


def _as_drawn(draw: Draw) -> Config:
    return draw()


def _put(study: optuna.Study, params: Mapping[str, ParamValue]) -> optuna.Trial:
    """Begin a trial whose params are known."""
    study.enqueue_trial(dict(params))
    return study.ask()
