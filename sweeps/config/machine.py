"""With which means a sweep runs, and what it puts up with."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from sweeps.config.fields import Count, Gpus, Real, Whole
from sweeps.config.section import Section


class WorkersConfig(Section):
    """How many warm training processes, and what each of them holds.

    Attributes:
        count: `auto` for as many as fit.
        cpus: Cores of each, with a thread for each.
        gpus: GPUs of each, or a share of one; `auto` for one where there are any.
        autoscale_to: With count auto, workers to ask a cluster's autoscaler for. 0 takes the nodes as they come, and
            while all workers are busy asks an autoscaler that tells what it may start for as many again, up to one a
            trial.
        recycle_trials: Trials after which a process is replaced by a fresh one; 0 for never.
        recycle_gib: Growth of a process since its first trial after which it is replaced; 0 for never.
    """

    count: Count = "auto"
    cpus: Real = Field(1.0, gt=0)
    gpus: Gpus = "auto"
    autoscale_to: Whole = Field(0, ge=0)
    recycle_trials: Whole = Field(0, ge=0)
    recycle_gib: Real = Field(4.0, ge=0)

    @model_validator(mode="after")
    def _an_autoscaler_needs_a_count_of_auto(self) -> Self:
        if self.autoscale_to and self.count != "auto":
            raise ValueError(f"autoscale_to: {self.autoscale_to} goes with count: auto, got count: {self.count}")
        return self


class FaultsConfig(Section):
    """What a sweep puts up with before it stops.

    Attributes:
        retries: Times that a trial which raises is tried again. Out of memory is tried again once without being asked,
            alone on its device.
        losses: Workers that a trial may lose in a row, with no new checkpoint between them, before it has failed.
        same_error: Trials of an arm that may fail in a row by the same error; 0 allows any number.
        trial_timeout: Seconds of training after which an attempt has failed its trial; None never ends one.
        no_progress: Seconds without a word after which a worker is ended, and its trial goes on with another; None
            waits for ever.
        checkpoint_every: Epochs between two checkpoints of a trial; 0 takes none.
        checkpoint_gib: What the checkpoints of all trials together may take of the disk.
    """

    retries: Whole = Field(0, ge=0)
    losses: Whole = Field(3, ge=1)
    same_error: Whole = Field(5, ge=0)
    trial_timeout: Real | None = Field(None, gt=0)
    no_progress: Real | None = Field(3600.0, gt=0)
    checkpoint_every: Whole = Field(5, ge=0)
    checkpoint_gib: Real = Field(10.0, ge=0)
