"""Events of a trial, from the choice of its config to its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from search_spaces import ParamValue
from sweeps.records.basics import Event, Phase, Seeds, State


@dataclass(frozen=True, kw_only=True)
class TrialStarted(Event):
    """One config was chosen: what a trial is, and all that a worker needs to train it.

    The seeds are derived from `seed_index`, in older logs, where it is null, from `order`.

    `sampler_phase`: `given` in the sweep file; of the random `cohort`; `random`; of a `plan` (a grid); `startup` of a
    sampler, which draws at random too; of its `model`. `replicate` counts the trials of its study with the config
    before it. After the search `sampler_phase` is `frozen`, trials of one `pair_id` are compared with each other, and
    in a control, where both may be of one arm, `side` tells them apart.
    """

    event: Literal["trial_started"] = "trial_started"
    number: int
    phase: Phase = "search"
    study: str
    arm: ParamValue | None
    order: int
    params: dict[str, ParamValue]
    config_hash: str
    shared_hash: str
    sampler_phase: str
    epochs: int
    seeds: Seeds
    pair_id: str | None = None
    replicate: int = 0
    seed_index: int | None = None
    side: Literal["a", "b"] | None = None


TrialSpec: TypeAlias = TrialStarted


@dataclass(frozen=True, kw_only=True)
class AttemptStarted(Event):
    """A worker began the trial, `wait_seconds` after it became idle, with `concurrency` trials training by then.

    It begins with `epoch`, from the trial's checkpoint if that is not 0: what an earlier attempt trained from there on
    is forgotten.
    """

    event: Literal["attempt_started"] = "attempt_started"
    number: int
    attempt: int
    worker: str
    wait_seconds: float
    concurrency: int
    epoch: int = 0


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """The network of one trial, counted when its worker got it ready.

    `macs` counts multiply-accumulates of one example's forward pass in layers with a kernel (null where unknown).
    `inference_seconds` are those of one example's forward pass in a full batch (null where the sweep does not ask).
    """

    parameters: int
    macs: int | None
    build_seconds: float
    warm: bool
    inference_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class EpochEnded(Event):
    """The epoch report: `metrics` by Keras' names, after `step` optimizer steps of the trial.

    `seconds` covers training and validation; on the `is_first` epoch of an attempt tracing too, where the model is
    cold. `memory_bytes` is the peak resident memory of the worker's process so far.
    """

    event: Literal["epoch_ended"] = "epoch_ended"
    number: int
    attempt: int
    worker: str
    epoch: int
    step: int
    metrics: dict[str, float]
    seconds: float
    is_first: bool
    traces: int
    memory_bytes: int
    model: ModelFacts | None = None


@dataclass(frozen=True, kw_only=True)
class TrialFailed(Event):
    """The trial raised on its worker, which lives on, `seconds` into the epoch that was not to be."""

    event: Literal["trial_failed"] = "trial_failed"
    number: int
    attempt: int
    worker: str
    error: str
    message: str
    traceback: str
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class AttemptLost(Event):
    """The worker was lost with the trial, or ended because of it, `seconds` after its last epoch: an attempt is spent.

    The trial goes on elsewhere if `retry`; it does not where it was the trial that took too long.
    """

    event: Literal["attempt_lost"] = "attempt_lost"
    number: int
    attempt: int
    worker: str
    reason: str
    retry: bool = True
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrialTested(Event):
    """A trial's model, with the weights that count, was shown the test set: `metrics` by Keras' names without `val_`.

    `nll` (negative log likelihood, in nats), `brier` (squared distance to the one-hot label, from 0 to 2) and `ece`
    (expected calibration error, 15 bins) are means over `examples`, null where the model gives no class probabilities.
    `shifted` has the metrics on every shifted copy of the test pictures, by what `confirm.shifts` calls it; empty in
    older logs, and where none was asked for.
    A trial of the search is tested from its kept weights, by no worker, once the plan is frozen: `attempt` is 0.
    """

    event: Literal["trial_tested"] = "trial_tested"
    number: int
    attempt: int
    worker: str
    metrics: dict[str, float]
    examples: int
    seconds: float
    nll: float | None = None
    brier: float | None = None
    ece: float | None = None
    shifted: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrialEnded(Event):
    """The trial's result. `value` follows the sweep's objective; `best_*` and `last` are kept whatever it says.

    `also` holds the objectives beside it, `constraints` how far each bounded metric lies outside (at most 0 inside);
    both lack what was not measured.

    `test` (the objective's metric on the test set), `nll`, `brier` and `ece` are null but in the confirm phase.
    """

    event: Literal["trial_ended"] = "trial_ended"
    number: int
    attempt: int
    state: State
    value: float | None
    epochs: int
    step: int
    last: dict[str, float]
    best_value: float | None
    best_epoch: int | None
    prune_step: int | None = None
    early_stop_epoch: int | None = None
    reason: str | None = None
    test: float | None = None
    nll: float | None = None
    brier: float | None = None
    ece: float | None = None
    also: dict[str, float] = field(default_factory=dict)
    constraints: dict[str, float] = field(default_factory=dict)

    @property
    def feasible(self) -> bool:
        """Whether no bound is broken."""
        return all(excess <= 0 for excess in self.constraints.values())


def worker_seconds(event: EpochEnded | TrialTested | TrialFailed | AttemptLost) -> float:
    """What the event took its worker, with the model's making before a trial's first epoch."""
    if isinstance(event, EpochEnded):
        return event.seconds + (event.model.build_seconds if event.model else 0.0)
    return event.seconds
