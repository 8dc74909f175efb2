"""What a report draws of a network: its layers, and where its routing looks on a few validation examples."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from sweeps.functions import in_words
from sweeps.training.epochs import Examples

EACH = 2
"""Examples of every class in the pictures of a routing."""

_SHOWN = 20


def pictures_of(model: keras.Model, examples: Examples) -> dict[str, bytes]:
    """Files by their name: `layers.json`, and `routing.npz` where a layer can show its routing.

    `layers.json` lists `name`, `kind`, `shape` (of the output, without the batch) and `parameters` of every layer.
    `routing.npz` holds `images`, the first examples of every class as the model gets them; `labels`; and `couplings`,
    (n, steps, height, width), the weight of every cell in its window's mean at each step of the first layer that has a
    method `routing`. Where that fails, `unseen.txt` says why: a picture is no reason to lose a trial.
    """
    files = {"layers.json": json.dumps(list(map(_described, layers_of(model)))).encode()}
    try:
        routing = _routing(model, examples)
    except Exception as error:  # a user's layer may raise anything
        return {**files, "unseen.txt": in_words(error).encode()}
    return files if routing is None else {**files, "routing.npz": routing}


def layers_of(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Every layer, those of models inside the model too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_of(layer)
        else:
            yield layer


def _described(layer: keras.layers.Layer) -> dict[str, Any]:
    shape = None
    with contextlib.suppress(AttributeError, ValueError):  # of a layer that is called by hand, or more than once
        shape = list(layer.output.shape[1:])
    return {"name": layer.name, "kind": type(layer).__name__, "shape": shape, "parameters": int(layer.count_params())}


def _routing(model: keras.Model, examples: Examples) -> bytes | None:
    layer = next((each for each in layers_of(model) if callable(getattr(each, "routing", None))), None)
    if layer is None:
        return None
    labels = np.asarray(keras.ops.convert_to_numpy(examples.y_validation))
    chosen = _first_of_each(labels)
    images = keras.ops.convert_to_numpy(examples.x_validation)[chosen]
    maps = keras.Model(model.inputs, layer.input).predict_on_batch(images)
    couplings = keras.ops.convert_to_numpy(layer.routing(maps))
    file = io.BytesIO()
    np.savez_compressed(
        file,
        images=images.astype(np.float32),
        labels=labels[chosen],
        couplings=couplings.astype(np.float32),
    )
    return file.getvalue()


def _first_of_each(labels: Any) -> Any:
    """Places of the first examples of every class, class by class; the first ones of all for quantities."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        return np.arange(min(_SHOWN, len(labels)))
    places = [np.flatnonzero(labels == label)[:EACH] for label in np.unique(labels)]
    return np.concatenate(places)[:_SHOWN]
