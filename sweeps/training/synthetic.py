"""A trainer without a network: metrics by a formula, so that the machine around it can be tested and timed.

`model.build` names a function `(params, seeds, epoch) -> metrics` instead of one that builds a model. It may raise,
as training may. Metrics of the test set are those of its attribute `test`, a function of `(params, seeds)`; those of a
shifted copy are those of its attribute `shifted`, a function of `(params, seeds, name)`.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from importlib import import_module

from search_spaces import Params
from sweeps.config import SweepConfig
from sweeps.datasets import Dataset, TestSet
from sweeps.records import EpochEnded, ModelFacts, Seeds, TrialSpec, TrialTested
from sweeps.workers.protocol import Tested

Formula = Callable[[Params, Seeds, int], dict[str, float]]


class SyntheticTrainer:
    """Stands in for `sweeps.training.trainer.Trainer`, and keeps to the same protocol.

    Args:
        config: The sweep.
        data: Only counted.
        worker: The worker's name.
    """

    backend = "formula"

    def __init__(self, config: SweepConfig, data: Dataset, *, worker: str) -> None:
        module, _, name = config.model.build.partition(":")
        self._formula: Formula = getattr(import_module(module), name)
        self._steps = -(-len(data.y_train) // config.training.batch_size)
        self._shifts = config.confirm.shifts.each
        self._worker = worker
        self._next: tuple[int, int] | None = None
        self._spec: TrialSpec

    def train(self, spec: TrialSpec, epoch: int, *, attempt: int, checkpoint: bytes | None = None) -> EpochEnded:
        """Ask the formula for one epoch.

        Raises:
            RuntimeError: If an epoch is asked for out of order, or after another trial began.
        """
        begins = epoch == 0 or checkpoint is not None
        if checkpoint is not None:
            self._next = tuple(map(int, checkpoint.split()))  # type: ignore[assignment]
        if epoch > 0 and self._next != (spec.number, epoch):
            raise RuntimeError(f"trial {spec.number} is not in training here; begin it with epoch 0")
        self._spec, metrics = spec, self._formula(spec.params, spec.seeds, epoch)
        self._next = (spec.number, epoch + 1)
        return EpochEnded(
            number=spec.number,
            attempt=attempt,
            worker=self._worker,
            epoch=epoch,
            step=(epoch + 1) * self._steps,
            metrics=metrics,
            seconds=1e-6,
            is_first=begins,
            traces=0,
            memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            model=ModelFacts(parameters=0, macs=None, build_seconds=0.0, warm=True) if begins else None,
        )

    def test(self, number: int, test: TestSet, *, attempt: int) -> Tested:
        """Ask the formula's own functions of the test set and of its shifted copies."""
        self._expect(number)
        formula, about = self._formula, (self._spec.params, self._spec.seeds)
        metrics = formula.test(*about)  # type: ignore[attr-defined]
        shifted = {str(each): formula.shifted(*about, str(each)) for each in self._shifts}  # type: ignore[attr-defined]
        return Tested(
            TrialTested(
                number=number,
                attempt=attempt,
                worker=self._worker,
                metrics=metrics,
                examples=len(test.y),
                seconds=1e-6,
                shifted=shifted,
            )
        )

    def save(self, number: int) -> bytes:
        """The trial's number, in place of a model."""
        self._expect(number)
        return f"model of trial {number}".encode()

    def checkpoint(self, number: int) -> bytes:
        """The trial's number and its next epoch."""
        return "{} {}".format(*self._expect(number)).encode()

    def _expect(self, number: int) -> tuple[int, int]:
        if self._next is None or self._next[0] != number:
            raise RuntimeError(f"trial {number} is not in training here; begin it with epoch 0")
        return self._next
