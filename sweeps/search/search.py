"""Spends the search budget: equal for every arm, one Optuna study each."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping

from search_spaces import ParamValue
from sweeps.codec import config_hash
from sweeps.config import SweepConfig
from sweeps.loop import Assignment
from sweeps.records import (
    AnyEvent,
    ArtifactWritten,
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    ResourceEvent,
    State,
    StudyCreated,
    TrialEnded,
    TrialFailed,
    TrialSpec,
    TrialStarted,
    WorkerEvent,
    WorkerStarted,
)
from sweeps.results import conclude
from sweeps.search.arm import Arm
from sweeps.search.breaker import CircuitBreaker
from sweeps.search.out_of_memory import is_out_of_memory
from sweeps.search.studies import describe, make_arms
from sweeps.seeds import trial_seeds
from sweeps.selection import better


class Search:
    """The source of the search phase.

    Args:
        config: The sweep.

    Raises:
        ConfigError: If the sampler or the pruner, or a setting of theirs, is not known.
    """

    def __init__(self, config: SweepConfig) -> None:
        self._config = config
        self._arms = make_arms(config)
        self._specs: dict[int, TrialSpec] = {}
        self._courses: dict[int, list[EpochEnded]] = {}
        self._attempts: dict[int, int] = {}
        self._losses: Counter[int] = Counter()
        self._again: deque[int] = deque()
        self._checkpoints: dict[int, int] = {}
        self._leaders: dict[str, float] = {}
        self._failures: Counter[int] = Counter()
        self._alone: set[int] = set()
        self._ended = 0
        self._breaker = CircuitBreaker(config.faults.same_error)

    def studies(self) -> list[StudyCreated]:
        """What each study is, for the log."""
        return [describe(arm, self._config) for arm in self._arms.values()]

    def ask(self) -> Assignment | None:
        """The next trial, of the arm that has had the fewest; a trial that lost its worker comes first.

        Raises:
            SweepHaltedError: If one error ends trial after trial.
        """
        self._breaker.check()
        if self._again:
            return self._assign(self._specs[self._again.popleft()], is_new=False)
        arm = min(self._arms.values(), key=lambda arm: arm.asked)
        if arm.asked >= self._config.search.amount:
            return None
        suggestion = arm.ask()
        params = suggestion.params
        spec = TrialStarted(
            number=len(self._specs),
            study=arm.name,
            arm=arm.value,
            order=suggestion.order,
            params=params,
            config_hash=config_hash(params),
            shared_hash=config_hash(self._shared(params)),
            sampler_phase=suggestion.sampler_phase,
            epochs=self._config.search.epochs,
            seeds=trial_seeds(self._config.seed, "search", suggestion.order, split=self._config.dataset.split_seed),
        )
        self._specs[spec.number] = spec
        return self._assign(spec, is_new=True)

    def observe(self, event: WorkerEvent) -> TrialEnded | ResourceEvent | None:
        """Take note of what a worker reports; the trial's result if it ends here, or what it ran short of."""
        result = self._judge(event)
        if isinstance(result, TrialEnded):
            self._breaker.note(self._specs[result.number].study, event)
        return result

    def expects(self, event: WorkerEvent) -> bool:
        """Whether the event is of the attempt that was assigned last."""
        return isinstance(event, WorkerStarted) or event.attempt == self._attempts.get(event.number)

    def until(self, number: int, epoch: int) -> int:
        """The next epoch after which the trial may be pruned or saved, or its last."""
        spec, every = self._specs[number], self._config.faults.checkpoint_every
        if self._arms[spec.study].prunes:
            return epoch + 1
        return min(spec.epochs, (epoch // every + 1) * every if every else spec.epochs)

    def wants_checkpoint(self, event: EpochEnded, *, stopping: bool) -> bool:
        """Every so many epochs, and at a stop."""
        every = self._config.faults.checkpoint_every
        return bool(every) and (stopping or (event.epoch + 1) % every == 0)

    def note_checkpoint(self, number: int, epochs: int) -> None:
        """A trial that is lost goes on from there; with this it has come further than at its last loss."""
        self._checkpoints[number] = epochs
        self._losses.pop(number, None)

    def keeps(self, result: TrialEnded) -> bool:
        """Whether the trial is the best of its study so far."""
        study = self._specs[result.number].study
        direction = self._config.objective.direction
        if result.state != "complete" or result.value is None:
            return False
        if not better(result.value, self._leaders.get(study), direction=direction):
            return False
        self._leaders[study] = result.value
        return True

    def finished(self) -> bool:
        """Whether every arm has spent its budget and every trial has ended."""
        return self._ended == self._config.search.amount * len(self._arms)

    def replay(self, events: Iterable[AnyEvent], *, checkpoints: Mapping[int, int] | None = None) -> None:
        """Rebuild the state that a log left; trials that had not ended are asked for again, first of all.

        Args:
            events: The log.
            checkpoints: Epochs behind the checkpoint of each trial that still has one.
        """
        unfinished: dict[int, None] = {}
        for event in events:
            match event:
                case TrialStarted():
                    self._arms[event.study].restore(event.params)
                    self._specs[event.number] = event
                    unfinished[event.number] = None
                case AttemptStarted():
                    self._attempts[event.number] = event.attempt
                    del self._courses.setdefault(event.number, [])[event.epoch :]
                case EpochEnded():
                    self._note(event)
                case AttemptLost():
                    self._losses[event.number] += 1
                case ArtifactWritten(kind="checkpoint", number=int(number)):
                    self._losses.pop(number, None)
                case TrialFailed():
                    self._failures[event.number] += 1
                case ResourceEvent(kind="out_of_memory", number=int(number)):
                    self._alone.add(number)
                case TrialEnded():
                    del unfinished[event.number]
                    self._tell(event)
                    self.keeps(event)
        self._again.extend(unfinished)
        self._checkpoints.update(checkpoints or {})

    def _judge(self, event: WorkerEvent) -> TrialEnded | ResourceEvent | None:
        match event:
            case EpochEnded():
                return self._observe_epoch(event)
            case TrialFailed():
                return self._observe_failure(event)
            case AttemptLost():
                return self._observe_loss(event)
            case WorkerStarted():
                return None

    def _observe_epoch(self, event: EpochEnded) -> TrialEnded | None:
        metric = self._config.objective.metric
        if metric not in event.metrics:
            return self._end(
                event.number, "failed", f"no metric {metric}; the model reports {', '.join(event.metrics)}"
            )
        broken = [name for name in (metric, "loss") if not math.isfinite(event.metrics.get(name, 0.0))]
        if broken:
            self._courses[event.number].append(event)
            return self._end(
                event.number, "failed", f"diverged: {broken[0]} is not finite after epoch {event.epoch + 1}"
            )
        arm, spec = self._note(event)
        if event.epoch + 1 >= spec.epochs:
            return self._end(event.number, "complete", None)
        if arm.should_prune(spec.order, event.epoch):
            return self._end(event.number, "pruned", None)
        return None

    def _observe_failure(self, event: TrialFailed) -> TrialEnded | ResourceEvent | None:
        self._failures[event.number] += 1
        if is_out_of_memory(event) and event.number not in self._alone:
            self._alone.add(event.number)
            self._again.append(event.number)
            detail = f"{event.error}; tried again, alone on its device"
            return ResourceEvent(kind="out_of_memory", number=event.number, worker=event.worker, detail=detail)
        if self._failures[event.number] - (event.number in self._alone) <= self._config.faults.retries:
            self._again.append(event.number)
            return None
        return self._end(event.number, "failed", f"{event.error}: {event.message}")

    def _observe_loss(self, event: AttemptLost) -> TrialEnded | None:
        if not event.retry:
            return self._end(event.number, "failed", event.reason)
        self._losses[event.number] += 1
        losses = self._losses[event.number]
        if losses >= self._config.faults.losses:
            return self._end(event.number, "failed", f"lost {losses} workers in a row, the last by: {event.reason}")
        self._again.append(event.number)
        return None

    def _note(self, event: EpochEnded) -> tuple[Arm, TrialSpec]:
        """Keep an epoch report and pass its metric on to the study."""
        spec = self._specs[event.number]
        arm = self._arms[spec.study]
        self._courses[event.number].append(event)
        value = event.metrics.get(self._config.objective.metric, math.nan)
        if math.isfinite(value):
            arm.report(spec.order, event.epoch, value)
        return arm, spec

    def _end(self, number: int, state: State, reason: str | None) -> TrialEnded:
        ended = conclude(
            number,
            self._courses.get(number, []),
            objective=self._config.objective,
            attempt=self._attempts[number],
            state=state,
            reason=reason,
        )
        self._tell(ended)
        return ended

    def _tell(self, ended: TrialEnded) -> None:
        spec = self._specs[ended.number]
        self._arms[spec.study].tell(spec.order, ended.state, ended.value)
        self._courses.pop(ended.number, None)
        self._ended += 1

    def _assign(self, spec: TrialSpec, *, is_new: bool) -> Assignment:
        attempt = self._attempts[spec.number] = self._attempts.get(spec.number, 0) + 1
        epoch = self._checkpoints.get(spec.number, 0)
        del self._courses.setdefault(spec.number, [])[epoch:]
        return Assignment(spec, attempt, is_new, epoch, alone=spec.number in self._alone)

    def _shared(self, params: dict[str, ParamValue]) -> dict[str, ParamValue]:
        """The params that every arm has: what two trials must agree on to be a pair."""
        common = set.intersection(*(set(arm.space.parameters) for arm in self._arms.values()))
        return {name: value for name, value in params.items() if name in common - {self._config.compare}}
