"""What stands under the pictures, of files made by hand."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from reports.views import pictures

SWEEP = {"space": {"pooling": ["capsule", "max"], "pool_size": {"int": [2, 4]}}}
LAYERS = {
    "capsule": [("conv", "Conv2D", [None, 14, 14], 320), ("pool", "CapsulePooling2D", [], 0)],
    "max": [("conv", "Conv2D", [None, 14, 14], 300)],
}


def saved(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def layers(arm):
    found = [{"name": n, "kind": k, "shape": s, "parameters": p} for n, k, s, p in LAYERS[arm]]
    return json.dumps(found).encode()


def seen(hand_made, **files):
    made = replace(hand_made([], sweep=SWEEP), pictures=files.pop("files", files))
    return {view.key: view for view in pictures.draw(made)}


def disputed(images, right):
    return saved(images=images, places=np.array([7, 41, 3]), labels=np.array([2, 9, 0]), right=np.array(right))


def test_disputed_examples_say_who_is_right_how_often(hand_made) -> None:
    images = np.zeros((3, 4, 4), dtype=np.uint8)
    payload = disputed(images, [[1.0, 0.25], [0.0, 0.8], [np.nan, 0.5]])
    view = seen(hand_made, files={"": {"disputed": payload}})["disputed"]
    assert view.caption.startswith("The 3 test examples on which")
    assert [each.label for each in view.pictures] == [
        "class 2; right: capsule 100\u00a0% and max 25\u00a0%",
        "class 9; right: capsule 0\u00a0% and max 80\u00a0%",
        "class 0; right: max 50\u00a0%",
    ]
    assert view.pictures[1].alt == "Test example 41, class 9; right: capsule 0\u00a0% and max 80\u00a0%"
    assert view.data["test example"].tolist() == [7, 41, 3]
    assert view.data["class"].tolist() == [2, 9, 0]
    assert view.data["capsule"].tolist()[:2] == [1.0, 0.0]
    assert view.data["max"].tolist() == [0.25, 0.8, 0.5]


def test_a_disputed_example_is_drawn_as_it_is(hand_made, monkeypatch) -> None:
    drawn = []
    whole = pictures.picture
    monkeypatch.setattr(pictures, "picture", lambda image, **how: (drawn.append(image), whole(image, **how))[1])
    dark, bright = np.zeros((4, 4, 3), dtype=np.uint8), np.full((4, 4, 3), 255, dtype=np.uint8)
    seen(hand_made, files={"": {"disputed": disputed(np.array([dark, bright, dark]), [[0.5, 0.5]] * 3)}})
    assert [(image.shape, float(image.mean())) for image in drawn] == [((4, 4), 0), ((4, 4), 1), ((4, 4), 0)]


def test_routing_says_how_far_it_is_from_a_mean(hand_made) -> None:
    images = np.random.default_rng(0).random((3, 8, 8, 1))
    couplings = np.full((3, 2, 4, 4), 0.25)
    couplings[:, -1, 1, 2] = 0.75  # of one cell, three times the average's
    payload = saved(images=images, labels=np.array([5, 5, 1]), couplings=couplings)
    view = seen(hand_made, capsule={"routing": payload})["routing-0"]
    assert view.title == "Where capsule looks"
    assert "on 2 validation examples, after 2 routing steps" in view.caption
    assert "strongest cell weighs 3.00 times what it would in average pooling." in view.caption
    assert view.data["label"].tolist() == ["5", "1"]
    assert [each.label for each in view.pictures] == ["5", "1"]


def test_routing_that_could_not_be_seen_says_why(hand_made) -> None:
    view = seen(hand_made, capsule={"unseen": b"the layer has no couplings."})["routing-0"]
    assert view.caption == "Its routing could not be looked at: the layer has no couplings."


def test_the_networks_are_listed_and_summed(hand_made) -> None:
    view = seen(hand_made, **{arm: {"layers": layers(arm)} for arm in LAYERS})["networks"]
    assert view.caption.endswith("Parameters in all: capsule 320 and max 300.")
    assert view.data["layer"].tolist() == ["conv", "pool", "conv"]
    assert view.data["output"].tolist() == ["None × 14 × 14", "–", "None × 14 × 14"]


@pytest.mark.parametrize(("sweep", "keys"), [(SWEEP, ["pictures"]), ({**SWEEP, "compare": None}, [])])
def test_without_files_it_names_the_command(hand_made, sweep, keys) -> None:
    views = list(pictures.draw(hand_made([], sweep=sweep)))
    assert [view.key for view in views] == keys
    assert all(view.command == "capsweep resume RUN --set confirm.seeds=10" for view in views)
