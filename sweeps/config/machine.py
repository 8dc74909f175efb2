"""With which means a sweep runs, and what it puts up with."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from sweeps.config.fields import Count, Gpus, Real, Whole
from sweeps.config.section import Section


class WorkersConfig(Section):
    """How many warm training processes, and what each of them holds."""

    count: Count = Field("auto", description="auto for as many as fit.")
    cpus: Real = Field(1.0, gt=0, description="Cores of each, with a thread for each.")
    gpus: Gpus = Field("auto", description="GPUs of each, or a share of one; auto for one where there are any.")
    autoscale_to: Whole = Field(
        0,
        ge=0,
        description="With count auto, workers to ask a cluster's autoscaler for. 0 takes the nodes as they come, and "
        "while all workers are busy asks an autoscaler that tells what it may start for as many again, up to one a "
        "trial.",
    )
    recycle_trials: Whole = Field(
        0, ge=0, description="Trials after which a process is replaced by a fresh one; 0 for never."
    )
    recycle_gib: Real = Field(
        4.0, ge=0, description="Growth of a process since its first trial after which it is replaced; 0 for never."
    )

    @model_validator(mode="after")
    def _an_autoscaler_needs_a_count_of_auto(self) -> Self:
        if self.autoscale_to and self.count != "auto":
            raise ValueError(f"autoscale_to: {self.autoscale_to} goes with count: auto, got count: {self.count}")
        return self


class FaultsConfig(Section):
    """What a sweep puts up with before it stops."""

    retries: Whole = Field(
        0,
        ge=0,
        description="Times that a trial which raises is tried again. Out of memory is tried again once without being "
        "asked, alone on its device.",
    )
    losses: Whole = Field(
        3,
        ge=1,
        description="Workers that a trial may lose in a row, with no new checkpoint between them, before it has "
        "failed.",
    )
    same_error: Whole = Field(
        5, ge=0, description="Trials of an arm that may fail in a row by the same error; 0 allows any number."
    )
    trial_timeout: Real | None = Field(
        None, gt=0, description="Seconds of training after which an attempt has failed its trial; null never ends one."
    )
    no_progress: Real | None = Field(
        3600.0,
        gt=0,
        description="Seconds without a word after which a worker is ended, and its trial goes on with another; null "
        "waits for ever.",
    )
    checkpoint_every: Whole = Field(5, ge=0, description="Epochs between two checkpoints of a trial; 0 takes none.")
    checkpoint_gib: Real = Field(
        10.0, ge=0, description="What the checkpoints of all trials together may take of the disk."
    )
