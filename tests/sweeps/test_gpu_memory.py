"""Workers that share a GPU keep to their shares: what a backend is told, on a machine without one."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from sweeps.errors import WorkerError
from sweeps.training import gpu_memory
from sweeps.training.gpu_memory import limit_gpu_memory

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the limits are TensorFlow's")


@pytest.mark.parametrize(
    ("gpus", "limits"),
    [("auto", {}), (0.0, {}), (1.0, {}), (2.0, {}), (0.5, {"a": 450.0, "b": 900.0}), (0.25, {"a": 225.0, "b": 450.0})],
)
def test_tensorflow_is_told_before_it_touches_a_gpu(
    monkeypatch: pytest.MonkeyPatch, gpus: Any, limits: dict[str, float]
) -> None:
    import tensorflow as tf

    told: dict[str, float] = {}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a", "b"] if kind == "GPU" else [])
    monkeypatch.setattr(
        tf.config,
        "set_logical_device_configuration",
        lambda device, parts: told.update({device: parts[0].memory_limit}),
    )
    monkeypatch.setattr(gpu_memory, "gpu_memory", lambda: [1000, 2000])
    limit_gpu_memory(gpus)
    assert told == limits


def test_a_share_that_cannot_be_held_to_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a"])
    monkeypatch.setattr(gpu_memory, "gpu_memory", lambda: [])
    with pytest.raises(WorkerError, match=r"workers.gpus: 0.5: .* the 1 GPUs that TensorFlow sees; give each worker a"):
        limit_gpu_memory(0.5)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    with pytest.raises(WorkerError, match=r"workers.gpus: 0.5: this TensorFlow sees no GPU; install capsweep\[gpu\]"):
        limit_gpu_memory(0.5)
