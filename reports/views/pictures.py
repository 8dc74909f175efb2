"""Pictures: where routing looks, the examples that the arms dispute, and the network of each champion."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from reports.evidence import DISPUTED, PREDICTIONS, Evidence, Gone
from reports.images import Picture, overlaid, picture, resized
from reports.view import View, missing
from reports.views.lost import drawn_again, lost, not_drawn
from reports.words import brief, count, listed, percent

_DIGITS = 10
_ENLARGE = 3
_GET = "capsweep resume RUN --set confirm.seeds=10"
_Files = Mapping[tuple[str, str], Gone]


def draw(evidence: Evidence) -> Iterator[View]:
    """Every kind of picture that the run has files for; where one is gone, what brings it back."""
    if evidence.config.compare is None:
        return
    gone = {(each.arm, each.kind): each for each in evidence.gone if each.kind != PREDICTIONS}
    if not evidence.pictures and not gone:
        why = "Pictures are made from the champions once they are confirmed."
        yield missing("pictures", "Pictures", "What do the arms see?", why=why, command=_GET)
        return
    yield from _routing(evidence, gone)
    yield from _disputed(evidence, gone.get(("", DISPUTED)))
    yield from _networks(evidence, gone)


def _routing(evidence: Evidence, gone: _Files) -> Iterator[View]:
    for place, arm in enumerate(evidence.arms.values()):
        files = evidence.pictures.get(arm, {})
        key, title, question = f"routing-{place}", f"Where {arm} looks", "What does routing do?"
        file = gone.get((arm, "routing")) or gone.get((arm, "unseen"))
        if file is not None:
            yield not_drawn(key, title, question, file=file)
            continue
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


def _disputed(evidence: Evidence, gone: Gone | None) -> Iterator[View]:
    key, title, question = DISPUTED, "Where the arms disagree", "Which examples do the arms dispute?"
    if gone is not None:
        first = evidence.confirmed()
        predicting = first.loc[first["number"].isin(list(evidence.predictions)), "arm"].nunique()
        yield (drawn_again if predicting > 1 else not_drawn)(key, title, question, file=gone)
    payload = evidence.pictures.get("", {}).get(DISPUTED)
    if payload is None:
        return
    with np.load(io.BytesIO(payload), allow_pickle=False) as file:
        images, places, labels, right = (file[name] for name in ("images", "places", "labels", "right"))
    if not len(images):
        return
    scale = 255.0 if images.dtype == np.uint8 else max(float(images.max()), 1e-12)
    names = list(evidence.arms.values())
    pictures, rows = [], []
    for image, place, label, shares in zip(images, places, labels, right, strict=True):
        flat = image.mean(axis=-1) if image.ndim == 3 else image
        told = listed(
            [f"{name} {percent(share)}" for name, share in zip(names, shares, strict=True) if np.isfinite(share)]
        )
        words = f"class {label}; right: {told}".replace(" %", "\u00a0%")  # a line may break before no unit
        pictures.append(picture(flat / scale, alt=f"Test example {place}, {words}", label=words, enlarge=2))
        rows.append(
            {"test example": int(place), "class": int(label), **dict(zip(names, map(float, shares), strict=True))}
        )
    caption = (
        f"The {count(len(pictures), 'test example')} on which the confirmed replicates of the arms differ most in how "
        "often they are right. Chosen because they differ, so they say nothing of how often the arms do."
    )
    yield View(key, title, caption, None, pd.DataFrame(rows), question=question, pictures=tuple(pictures))


def _networks(evidence: Evidence, gone: _Files) -> Iterator[View]:
    key, title, question = "networks", "The networks of the champions", "What was trained?"
    rows = []
    for arm, files in evidence.pictures.items():
        for layer in json.loads(files["layers"]) if "layers" in files else ():
            shape = " × ".join(map(str, layer["shape"])) if layer["shape"] else "–"
            told = {"layer": layer["name"], "kind": layer["kind"], "output": shape}
            rows.append({"arm": arm, **told, "parameters": layer["parameters"]})
    without = [each for (_, kind), each in gone.items() if kind == "layers"]
    if rows:
        frame = pd.DataFrame(rows)
        totals = listed([f"{arm} {int(part['parameters'].sum()):,}" for arm, part in frame.groupby("arm", sort=False)])
        caption = f"The layers of each champion, from input to output. Parameters in all: {totals}."
        if without:
            caption += f" Without {listed([brief(each.arm) for each in without])}: {lost(without[0])}"
        yield View(key, title, caption, None, frame, question=question)
    elif without:
        yield not_drawn(key, title, question, file=without[0])


def _one_of_each(labels: Any) -> list[int]:
    return sorted({str(label): place for place, label in reversed(list(enumerate(labels)))}.values())
