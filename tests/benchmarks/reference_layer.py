"""What the notebook's layer does, operation for operation: the time that `CapsulePooling2D` is measured against.

Whatever the notebook needs of a window it pools, enlarges to the size of the map again and crops. Like it, the layer
works in the dtype of its maps, takes the length of a mean at least as long as an epsilon, and computes scores after the
last mean, which a graph drops. The cropping takes windows for aligned that start at the map's corner, so results equal
the layer's own only on maps where `same` pads behind alone.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

EPSILON = 1e-7


class ReferencePooling(keras.layers.Layer):
    """The notebook's layer, with its fixed temperature an argument; arguments and shapes as in `CapsulePooling2D`."""

    def __init__(self, pool_size: tuple[int, int], routing_steps: int, temperature: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_size = pool_size
        self.routing_steps = routing_steps
        self.temperature = temperature

    def call(self, maps: Any) -> Any:
        scores, weighted = 0.0, maps
        for step in range(self.routing_steps):
            if step:
                weighted = self._normalised(scores) * maps
            proposals = _squash(self._means(weighted))
            scores = scores + ops.sum(maps * self._enlarged(proposals, maps), axis=-1, keepdims=True)
        return self._means(weighted)

    def _normalised(self, scores: Any) -> Any:
        highest = ops.max_pool(scores, self.pool_size, self.pool_size, padding="same", data_format="channels_last")
        powers = ops.exp((scores - ops.stop_gradient(self._enlarged(highest, scores))) / self.temperature)
        return powers / (self._enlarged(self._means(powers), scores) + EPSILON)

    def _means(self, maps: Any) -> Any:
        return ops.average_pool(maps, self.pool_size, self.pool_size, padding="same", data_format="channels_last")

    def _enlarged(self, pooled: Any, maps: Any) -> Any:
        size = tuple(count * pool for count, pool in zip(pooled.shape[1:3], self.pool_size, strict=True))
        enlarged = ops.image.resize(pooled, size, interpolation="nearest", data_format="channels_last")
        return enlarged[:, : maps.shape[1], : maps.shape[2]]


def _squash(means: Any) -> Any:
    length = ops.sqrt(ops.sum(ops.square(means), axis=-1, keepdims=True)) + EPSILON
    return means / (1 + length)
