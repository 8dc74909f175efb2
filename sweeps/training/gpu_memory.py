"""Keeps workers that share a GPU within their shares of its memory.

A backend takes a GPU's memory when it first touches it, TensorFlow and JAX nearly all there is. JAX reads its share
from the environment, set by `sweeps.environment`; the others are told after their import and before that touch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Literal

import keras

from sweeps.environment import USED_OF_A_SHARE
from sweeps.errors import WorkerError
from sweeps.hardware import gpu_memory


def limit_gpu_memory(gpus: float | Literal["auto"]) -> None:
    """Hold this process to its share, if it has no GPU of its own.

    Args:
        gpus: What the sweep gives to each worker.
    """
    if gpus == "auto" or not 0 < gpus < 1:
        return
    share = gpus * USED_OF_A_SHARE
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        devices, totals = tf.config.list_physical_devices("GPU"), gpu_memory()
        if not devices:
            raise WorkerError(f"workers.gpus: {gpus:g}: this TensorFlow sees no GPU; install capsweep[gpu]")
        if len(devices) != len(totals):
            raise WorkerError(
                f"workers.gpus: {gpus:g}: a share cannot be held to, because nvidia-smi does not tell the memory of "
                f"the {len(devices)} GPUs that TensorFlow sees; give each worker a whole GPU"
            )
        for device, total in zip(devices, totals, strict=True):
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=int(total * share))
            tf.config.set_logical_device_configuration(device, [limit])
    if keras.backend.backend() == "torch":
        torch = import_module("torch")
        if torch.cuda.is_available():
            torch.cuda.set_per_process_memory_fraction(share)
