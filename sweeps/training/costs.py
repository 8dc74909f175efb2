"""What a network costs: multiply-accumulates, and seconds of a forward pass."""

from __future__ import annotations

import math
import time
from typing import Any

import keras

from sweeps.training.epochs import VALIDATION_BATCH

_TIMED = 5


def count_macs(model: keras.Model) -> int | None:
    """Multiply-accumulates of one example's forward pass in layers with a kernel; None if a shape is not known.

    Pooling, routing, normalisation and activations are not counted: they are less than one in a hundred of the
    notebook's network.
    """
    counts = [_layer_macs(layer) for layer in model.layers]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def measure_inference(model: keras.Model, x: Any) -> float:
    """Seconds of one example's forward pass in a full batch, compiled as `predict` does it: the least of a few.

    Args:
        model: Compiled.
        x: Examples to validate on; the batch is the one of validation, whatever a trial trains with.
    """
    batch = x[:VALIDATION_BATCH]
    model.predict_on_batch(batch)  # traces
    seconds = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        model.predict_on_batch(batch)
        seconds.append(time.perf_counter() - began)
    return min(seconds) / len(batch)


def _layer_macs(layer: keras.layers.Layer) -> int | None:
    if isinstance(layer, keras.Model):
        return count_macs(layer)
    if isinstance(layer, keras.layers.Embedding):  # it looks up
        return 0
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0 if not layer.trainable_weights or len(layer.trainable_weights[0].shape) < 2 else None
    try:
        outputs = layer.output.shape[1:]
    except (AttributeError, ValueError):  # a subclassed model, or a layer that is called several times
        return None
    return None if None in outputs else int(math.prod(kernel.shape) * math.prod(outputs) // outputs[-1])
