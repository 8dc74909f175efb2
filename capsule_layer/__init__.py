"""The science: pooling by routing by agreement, as a Keras layer for every backend.

`CapsulePooling2D` is the layer, `route` the pure function inside it, and `build_classifier` the network it was
published in, with any pooling in its place. Depends on keras and numpy only.
"""

from capsule_layer.classifier import build_classifier, set_temperature
from capsule_layer.pooling import CapsulePooling2D

__all__ = ["CapsulePooling2D", "build_classifier", "set_temperature"]
