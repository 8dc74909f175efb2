"""How much a training process has been through, and when it is better replaced by a fresh one."""

from __future__ import annotations

from dataclasses import dataclass

from sweeps.config import WorkersConfig


@dataclass
class Usage:
    """Trials that a process has trained, and its peak resident memory in bytes: now, and when its first trial ended."""

    trials: int = 0
    memory: int = 0
    memory_at_first: int = 0

    def note(self, memory: int) -> None:
        """Take note of an epoch report."""
        self.memory = memory

    def end_trial(self) -> None:
        """A trial has left the process."""
        self.trials += 1
        if self.trials == 1:
            self.memory_at_first = self.memory

    def too_much(self, limits: WorkersConfig) -> str | None:
        """Why the process should be replaced; None if it need not."""
        if limits.recycle_trials and self.trials >= limits.recycle_trials:
            return f"after {self.trials} trials"
        growth = (self.memory - self.memory_at_first) / 2**30
        if self.trials and limits.recycle_gib and growth > limits.recycle_gib:
            return f"its memory grew by {growth:.2f} GiB since its first of {self.trials} trials"
        return None
