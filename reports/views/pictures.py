"""Pictures: where routing looks, the examples that the arms dispute, and the network of each champion."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.images import Picture, overlaid, picture, resized
from reports.view import View, missing
from reports.words import brief, count, listed

_DIGITS = 10
_ENLARGE = 3
_GET = "capsweep resume RUN --set confirm.seeds=10"


def draw(evidence: Evidence) -> Iterator[View]:
    """Every kind of picture that the run has files for."""
    if evidence.config.compare is None:
        return
    if not evidence.pictures:
        why = "Pictures are made from the champions once they are confirmed."
        yield missing("pictures", "Pictures", "What do the arms see?", why=why, command=_GET)
        return
    yield from _routing(evidence)
    yield from _disputed(evidence)
    yield from _networks(evidence)


def _routing(evidence: Evidence) -> Iterator[View]:
    for place, (arm, files) in enumerate(evidence.pictures.items()):
        key, title, question = f"routing-{place}", f"Where {arm} looks", "What does routing do?"
        if "unseen" in files:
            why = f"Its routing could not be looked at: {brief(files['unseen'].decode(), 300).rstrip('.')}."
            yield missing(key, title, question, why=why, command="")
        if "routing" not in files:
            continue
        with np.load(io.BytesIO(files["routing"]), allow_pickle=False) as file:
            images, labels, couplings = file["images"], file["labels"], file["couplings"]
        if images.ndim != 4 or images.shape[-1] not in (1, 3):
            continue
        grey = images.mean(axis=-1)
        shown = _one_of_each(labels)[:_DIGITS]
        pictures = [_look(grey[place], couplings[place, -1], str(labels[place])) for place in shown]
        steps = couplings.shape[1]
        spread = float((couplings[:, -1].max(axis=(1, 2)) / couplings[:, 0].max(axis=(1, 2))).mean())
        caption = (
            f"Where the first routing layer of {arm} takes the means of its windows from, on {len(shown)} validation "
            f"examples, after {count(steps, 'routing step')}: the stronger the orange, the more a cell weighs. The "
            f"strongest cell weighs {spread:.2f} times what it would in average pooling."
        )
        data = pd.DataFrame({"example": range(len(shown)), "label": [str(labels[place]) for place in shown]})
        yield View(key, title, caption, None, data, question=question, pictures=tuple(pictures))


def _look(image: Any, weights: Any, label: str) -> Picture:
    height, width = image.shape
    small = resized(np.asarray(weights), height, width)
    drawn = overlaid(image, small)
    return picture(
        drawn, alt=f"An example of class {label} with the cells that routing weighs most", label=label, enlarge=_ENLARGE
    )


def _disputed(evidence: Evidence) -> Iterator[View]:
    payload = evidence.pictures.get("", {}).get("disputed")
    if payload is None:
        return
    with np.load(io.BytesIO(payload), allow_pickle=False) as file:
        images, places, labels, right = (file[name] for name in ("images", "places", "labels", "right"))
    scale = 255.0 if images.dtype == np.uint8 else max(float(images.max()), 1e-12)
    names = list(evidence.arms.values())
    pictures, rows = [], []
    for image, place, label, shares in zip(images, places, labels, right, strict=True):
        flat = image.mean(axis=-1) if image.ndim == 3 else image
        told = listed([f"{name} {share:.0%}" for name, share in zip(names, shares, strict=True) if np.isfinite(share)])
        words = f"class {label}; right: {told}"
        pictures.append(picture(flat / scale, alt=f"Test example {place}, {words}", label=words, enlarge=2))
        rows.append(
            {"test example": int(place), "class": int(label), **dict(zip(names, map(float, shares), strict=True))}
        )
    caption = (
        f"The {count(len(pictures), 'test example')} on which the confirmed replicates of the arms differ most in how "
        "often they are right. Chosen because they differ, so they say nothing of how often the arms do."
    )
    yield View(
        "disputed", "Where the arms disagree", caption, None, pd.DataFrame(rows),
        question="Which examples do the arms dispute?", pictures=tuple(pictures),
    )  # fmt: skip


def _networks(evidence: Evidence) -> Iterator[View]:
    rows = []
    for arm, files in evidence.pictures.items():
        for layer in json.loads(files["layers"]) if "layers" in files else ():
            shape = " × ".join(map(str, layer["shape"])) if layer["shape"] else "–"
            told = {"layer": layer["name"], "kind": layer["kind"], "output": shape}
            rows.append({"arm": arm, **told, "parameters": layer["parameters"]})
    if rows:
        frame = pd.DataFrame(rows)
        totals = listed([f"{arm} {int(part['parameters'].sum()):,}" for arm, part in frame.groupby("arm", sort=False)])
        caption = f"The layers of each champion, from input to output. Parameters in all: {totals}."
        yield View("networks", "The networks of the champions", caption, None, frame, question="What was trained?")


def _one_of_each(labels: Any) -> list[int]:
    return sorted({str(label): place for place, label in reversed(list(enumerate(labels)))}.values())
