"""The science: pooling by routing by agreement, as a Keras layer for every backend.

`CapsulePooling2D` is the layer, `SoftPooling2D` a rival of it that Keras lacks, and `build_classifier` the network
the first was published in, with any pooling in its place. Depends on keras and numpy only.
"""

from capsule_layer.classifier import build_classifier, set_temperature
from capsule_layer.pooling import CapsulePooling2D
from capsule_layer.soft_pooling import SoftPooling2D

__all__ = ["CapsulePooling2D", "SoftPooling2D", "build_classifier", "set_temperature"]
