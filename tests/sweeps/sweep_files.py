"""Sweep files for Hypothesis: good ones of every kind, and a mistake to make in any of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

from hypothesis import strategies as st

Document: TypeAlias = dict[str, Any]
Mistake: TypeAlias = tuple[Document, tuple[str, ...]]
"""A document, and the keys of which every line of the refusal must name one."""
Breaker: TypeAlias = Callable[[st.DrawFn, Document], Mistake]

WORDS = st.sampled_from(["many", "x y", "", "tpe!", "nan", "1e", "true-ish"])
WRONG: dict[str, st.SearchStrategy[Any]] = {
    "text": st.one_of(st.integers(), st.floats(), st.booleans(), st.lists(st.integers(), max_size=2), st.just({})),
    "whole": st.one_of(WORDS, st.sampled_from([0.5, 3.0, "3"]), st.booleans(), st.just([1]), st.just({"a": 1})),
    "real": st.one_of(WORDS, st.sampled_from([float("nan"), float("inf")]), st.booleans(), st.just([1.0]), st.just({})),
    "mapping": st.one_of(st.integers(), st.booleans(), st.lists(st.integers(), min_size=1, max_size=2)),
    "list": st.one_of(st.integers(), st.booleans(), st.sampled_from(["a", "macs"])),
    "one of": st.one_of(st.integers(), st.sampled_from(["some", "any thing"]), st.just([]), st.booleans()),
}
KEYS = {
    "text": ["name", "compare", "model.build", "dataset.name", "dataset.load", "dataset.file", "objective.metric"],
    "whole": [
        *("seed", "dataset.train", "dataset.validation", "dataset.split_seed", "search.trials", "search.epochs"),
        *("search.cohort", "training.batch_size", "training.early_stopping", "workers.autoscale_to"),
        *("workers.recycle_trials", "faults.retries", "faults.losses", "faults.same_error", "faults.checkpoint_every"),
        *(
            "confirm.seeds",
            "confirm.champions",
            "confirm.runs",
            "swap.settings",
            "swap.seeds",
            "controls.pairs",
            "controls.sources",
            "cost_probe",
        ),
    ],
    "real": [
        *("search.seconds", "training.learning_rate", "workers.cpus", "workers.recycle_gib", "faults.trial_timeout"),
        *("faults.no_progress", "faults.checkpoint_gib", "confirm.margin", "confirm.alpha"),
    ],
    "mapping": [
        *("model", "dataset", "space", "objective", "search", "confirm", "swap", "controls", "training", "workers"),
        "faults",
        *("model.args", "dataset.args", "objective.constraints", "confirm.shifts", "search.sampler", "search.pruner"),
        *("training.optimizer", "training.schedule"),
    ],
    "list": [
        *("objective.also", "search.first", "search.warm_start", "controls.same"),
        *("confirm.shifts.translate", "confirm.shifts.rotate"),
    ],
    "one of": [
        *("objective.direction", "objective.at", "search.budget", "search.repeats", "training.dtype_policy"),
        *("training.optimizer", "training.schedule", "confirm.rule"),
    ],
}
TOO_SMALL = {
    **dict.fromkeys(["seed", "dataset.split_seed", "search.cohort", "training.early_stopping", "faults.retries"], -1),
    **dict.fromkeys(["workers.autoscale_to", "workers.recycle_trials", "workers.recycle_gib", "workers.gpus"], -1),
    **dict.fromkeys(["faults.same_error", "faults.checkpoint_every", "faults.checkpoint_gib"], -1),
    **dict.fromkeys(["dataset.train", "dataset.validation", "search.trials", "search.seconds", "search.epochs"], 0),
    **dict.fromkeys(["training.batch_size", "training.learning_rate", "workers.cpus", "workers.count"], 0),
    **dict.fromkeys(["confirm.seeds", "swap.settings", "controls.pairs", "controls.sources", "cost_probe"], -1),
    **dict.fromkeys(["confirm.champions", "confirm.margin", "confirm.alpha", "swap.seeds"], 0),
    **dict.fromkeys(["faults.losses", "faults.trial_timeout", "faults.no_progress"], 0),
}
SECTIONS = {
    "": ["name", "seed", "model", "dataset", "space", "compare", "objective", "search", "training", "workers"],
    "model": ["build", "args"],
    "dataset": ["name", "train", "validation", "split_seed", "file", "load", "args"],
    "objective": ["metric", "direction", "also", "constraints"],
    "confirm": ["seeds", "champions", "rule", "baseline", "margin", "alpha", "runs", "shifts"],
    "confirm.shifts": ["translate", "rotate"],
    "swap": ["settings", "seeds"],
    "controls": ["pairs", "sources", "same"],
    "search": ["budget", "trials", "seconds", "epochs", "cohort", "repeats", "sampler", "pruner", "first"],
    "training": ["batch_size", "learning_rate", "optimizer", "schedule", "early_stopping", "dtype_policy"],
    "training.schedule": ["name", "factors", "fresh_optimizer"],
    "objective.constraints.f1": ["at_most", "at_least"],
    "workers": ["count", "cpus", "gpus", "autoscale_to"],
    "faults": ["retries", "losses", "trial_timeout", "no_progress"],
}


@st.composite
def good(draw: st.DrawFn) -> Document:
    """A sweep file that is read: a space with conditions, and some of the other sections."""
    document: Document = {
        "space": {
            "pooling": draw(st.sampled_from([["capsule", "max"], ["capsule", "max", "average"]])),
            "width": {"int": draw(st.sampled_from([[1, 4], [2, 2]]))},
            "rate": {"float": draw(st.sampled_from([[0.1, 10.0], ["1e-3", 1]])), "log": draw(st.booleans())},
            "steps": {"int": [2, 5], "when": {"pooling": "capsule"}},
            "kind": {"choice": ["a", "b"], "when": {"pooling": ["capsule", "max"]}},
        }
    }
    optional: Document = {
        "name": draw(st.sampled_from(["x", "größer", "a b"])),
        "seed": draw(st.integers(0, 2**31 - 1)),
        "compare": draw(st.sampled_from([None, "pooling"])),
        "model": {"args": draw(st.sampled_from([{}, {"depth": 3, "deep": [1, {"x": None}]}]))},
        "dataset": draw(st.sampled_from([{"name": "digits"}, {"train": 9, "file": "/a/mnist.npz"}])),
        "search": draw(st.sampled_from([{}, {"trials": 8, "cohort": 3}, {"seconds": 1.5}, {"sampler": "random"}])),
        "training": draw(
            st.sampled_from([{}, {"schedule": "cosine"}, {"optimizer": {"name": "sgd", "momentum": 0.5}}])
        ),
        "objective": draw(st.sampled_from([{}, {"also": ["macs"]}, {"constraints": {"macs": {"at_most": 1e6}}}])),
        "workers": draw(st.sampled_from([{}, {"count": 2, "gpus": 0.5}])),
        "faults": draw(st.sampled_from([{}, {"trial_timeout": None}])),
        "confirm": draw(st.sampled_from([{}, {"champions": 2, "margin": "1e-3"}, {"shifts": {"rotate": ["1e1"]}}])),
    }
    kept = draw(st.lists(st.sampled_from(sorted(optional)), unique=True))
    return document | {name: optional[name] for name in kept}


def put(document: Document, path: str, value: object) -> Document:
    """A copy with one value replaced, its sections opened on the way."""
    document = copy.deepcopy(document)
    section = document
    *way, last = path.split(".")
    for key in way:
        if not isinstance(section.get(key), dict):
            section[key] = {}
        section = section[key]
    section[last] = value
    return document


def within(document: Document, **sections: Any) -> Document:
    """A copy with whole sections replaced."""
    return copy.deepcopy(document) | sections


def wrong_type(draw: st.DrawFn, document: Document) -> Mistake:
    kind = draw(st.sampled_from(sorted(KEYS)))
    key = draw(st.sampled_from(KEYS[kind]))
    return put(_clear(document, key), key, draw(WRONG[kind])), (key, f"{key}.name")


def too_small(draw: st.DrawFn, document: Document) -> Mistake:
    key = draw(st.sampled_from(sorted(TOO_SMALL)))
    return put(_clear(document, key), key, TOO_SMALL[key]), (key,)


def misspelt(draw: st.DrawFn, document: Document) -> Mistake:
    section = draw(st.sampled_from(sorted(SECTIONS)))
    key = draw(st.sampled_from(SECTIONS[section]))
    place = draw(st.integers(0, len(key) - 1))
    wrong = draw(st.sampled_from([key[:place] + key[place + 1 :], key[:place] + "q" + key[place:], f"{key}_"]))
    if not wrong or wrong in (*SECTIONS[section], "at"):
        wrong = "q"
    path = f"{section}.{wrong}".strip(".")
    if section == "objective.constraints.f1":
        document = put(document, "objective.constraints.f1.at_most", 1)
    return put(document, path, draw(st.sampled_from([1, "x", None]))), (path,)


def no_text_for_a_key(draw: st.DrawFn, document: Document) -> Mistake:
    section = draw(st.sampled_from(["model", "dataset", "search", "training", "workers", "objective"]))
    kept = document[section] if isinstance(document.get(section), dict) else {}
    return within(document, **{section: {**kept, 3: 1}}), (f"{section}.3",)


def _of_the_space(param: str, entry: object) -> Breaker:
    def breaker(draw: st.DrawFn, document: Document) -> Mistake:
        return put(document, f"space.{param}", entry), (f"space: {param}", f"space: {param!r}")

    return breaker


def _of_a_key(key: str, value: object, *, names: tuple[str, ...] = (), **sections: Any) -> Breaker:
    def breaker(draw: st.DrawFn, document: Document) -> Mistake:
        return put(within(document, **copy.deepcopy(sections)), key, value), names or (key,)

    return breaker


def _later(key: str, value: object, *, names: tuple[str, ...] = ()) -> Breaker:
    """A mistake in a file that asks for what follows a search, of two arms or three."""

    def breaker(draw: st.DrawFn, document: Document) -> Mistake:
        good = {"compare": "pooling", "objective": {}, "confirm": {"baseline": "max"}, "cost_probe": 1}
        return put(within(document, **good), key, value), names or (key,)

    return breaker


def removed(draw: st.DrawFn, document: Document) -> Mistake:
    return {key: value for key, value in document.items() if key != "space"}, ("space",)


def condition_on_a_removed_param(draw: st.DrawFn, document: Document) -> Mistake:
    space = {key: value for key, value in document["space"].items() if key != "pooling"}
    return within(document, space=space, compare=None), ("space: steps",)


def first_point(change: Document, *, key: str) -> Breaker:
    def breaker(draw: st.DrawFn, document: Document) -> Mistake:
        point = {"pooling": "max", "width": 2, "rate": 0.5, "kind": "a", **change}
        point = {name: value for name, value in point.items() if value is not None}
        return within(document, search={"first": [POINT, point]}), (f"search.first.1: {key}",)

    return breaker


def _clear(document: Document, key: str) -> Document:
    """Without what would be in the way of the key: own data beside a file, one budget beside the other."""
    section, _, name = key.rpartition(".")
    if section not in ("dataset", "search"):
        return document
    opened = {"load": "a:b"} if key == "dataset.args" else {}
    return within(document, **{section: opened}) if name not in ("load", "file") else within(document, dataset={})


POINT = {"pooling": "max", "width": 2, "rate": 0.5, "kind": "a"}
STEPS = {"name": "steps", "factors": [1, 0.5, 0.1]}

BREAKERS: dict[str, Breaker] = {
    "a wrong type": wrong_type,
    "too small": too_small,
    "misspelt": misspelt,
    "no text for a key": no_text_for_a_key,
    "no space": removed,
    "an empty space": _of_a_key("space", {}),
    "whole bounds reversed": _of_the_space("width", {"int": [4, 2]}),
    "real bounds reversed": _of_the_space("rate", {"float": ["1e-1", 1e-3]}),
    "a bound that is none": _of_the_space("rate", {"float": [float("nan"), 1]}),
    "a logarithm of zero": _of_the_space("rate", {"float": [0, 1], "log": True}),
    "one bound": _of_the_space("width", {"int": [3]}),
    "two kinds": _of_the_space("width", {"int": [1, 2], "choice": [1]}),
    "no kind": _of_the_space("width", {"log": True}),
    "an unknown key of a param": _of_the_space("width", {"int": [1, 2], "stepp": 1}),
    "no choice": _of_the_space("kind", []),
    "a choice twice": _of_the_space("kind", ["a", "b", "a"]),
    "null for a choice": _of_the_space("kind", ["a", None]),
    "null for a param": _of_the_space("width", None),
    "a name with a space": _of_the_space("two words", [1]),
    "a condition on a later param": _of_the_space("width", {"int": [1, 2], "when": {"kind": "a"}}),
    "a condition on itself": _of_the_space("width", {"int": [1, 2], "when": {"width": 1}}),
    "a condition on an unknown param": _of_the_space("kind", {"choice": [1], "when": {"pool": "max"}}),
    "a condition on an impossible value": _of_the_space("kind", {"choice": [1], "when": {"pooling": "min"}}),
    "a condition on a value out of bounds": _of_the_space("kind", {"choice": [1], "when": {"width": 99}}),
    "a condition on no value": _of_the_space("kind", {"choice": [1], "when": {"pooling": []}}),
    "conditions that exclude one another": _of_the_space(
        "late", {"int": [1, 2], "when": {"pooling": "max", "steps": 3}}
    ),
    "a condition on a removed param": condition_on_a_removed_param,
    "words for a learning rate": _of_a_key("space.learning_rate", ["1e-4"], names=("space: learning_rate",)),
    "a batch of nothing": _of_a_key("space.batch_size", {"int": [0, 8]}, names=("space: batch_size",)),
    "half an example": _of_a_key("space.batch_size", {"float": [8, 16]}, names=("space: batch_size",)),
    "an optimizer of no name": _of_a_key("space.optimizer", ["adam", "adm"], names=("space: optimizer.name",)),
    "an argument that is a param too": _of_a_key("model.args.width", 3),
    "an argument that JSON cannot hold": _of_a_key("model.args", {"a": [float("inf")]}),
    "a comparison of a number": _of_a_key("compare", "width"),
    "a comparison of what applies only at times": _of_a_key("compare", "kind"),
    "a comparison of nothing": _of_a_key("compare", "poolings"),
    "a comparison of arms of one name": _of_a_key("compare", "alike", space={"alike": [1, "1"]}),
    "two budgets": _of_a_key("search", {"trials": 9, "seconds": 9}, names=("search.trials",)),
    "a budget of the other amount": _of_a_key("search", {"budget": "trials", "seconds": 9}, names=("search.seconds",)),
    "a budget without its amount": _of_a_key("search", {"budget": "seconds"}, names=("search.seconds",)),
    "a budget with the wrong amount": _of_a_key(
        "search", {"budget": "seconds", "trials": 9}, names=("search.seconds",)
    ),
    "a cohort beyond the trials": _of_a_key("search", {"trials": 8, "cohort": 9}, names=("search.cohort",)),
    "a cohort and points beyond the trials": _of_a_key(
        "search", {"trials": 3, "cohort": 2, "first": [POINT, {**POINT, "rate": 1}]}, names=("search.first",)
    ),
    "a run twice": _of_a_key("search", {"warm_start": ["a", "b", "a"]}, names=("search.warm_start",)),
    "a first point outside": first_point({"width": 99}, key="width"),
    "a first point of another type": first_point({"width": "2"}, key="width"),
    "a first point that lacks a param": first_point({"rate": None}, key="rate"),
    "a first point with a param that does not apply": first_point({"steps": 3}, key="steps"),
    "a first point with an unknown param": first_point({"widht": 2}, key="widht"),
    "a first point twice": _of_a_key(
        "search", {"repeats": "skip", "first": [POINT, {**POINT, "rate": "5e-1"}]}, names=("search.first.1",)
    ),
    "a bound that excludes everything": _of_a_key("objective.constraints.f1", {"at_least": 2, "at_most": "1e0"}),
    "a bound of nothing": _of_a_key("objective.constraints.f1", {}),
    "an objective twice": _of_a_key("objective", {"also": ["macs", {"metric": "macs"}]}, names=("objective.also",)),
    "the metric once more": _of_a_key(
        "objective",
        {"metric": "f1", "also": [{"metric": "f1", "direction": "minimize"}]},
        names=("objective.also",),
    ),
    "an objective without a direction": _of_a_key("objective", {"also": ["f1"]}, names=("objective.also.0",)),
    "a cost to maximize": _of_a_key(
        "objective", {"also": [{"metric": "macs", "direction": "maximize"}]}, names=("objective.also.0.direction",)
    ),
    "a cost that decides": _of_a_key(
        "objective", {"metric": "macs", "direction": "minimize"}, names=("objective.metric",)
    ),
    "a loss without a direction": _of_a_key("objective", {"metric": "val_loss"}, names=("objective: val_loss",)),
    "a schedule with parts of another": _of_a_key(
        "training.schedule", {"name": "cosine", "factors": [1, 0.5]}, names=("training.schedule.factors",)
    ),
    "a cosine that begins anew": _of_a_key(
        "training.schedule", {"name": "cosine", "fresh_optimizer": True}, names=("training.schedule.fresh_optimizer",)
    ),
    "steps that do not fit": _of_a_key("training.schedule", {**STEPS, "at": [2]}, names=("training.schedule.at",)),
    "steps that go back": _of_a_key("training.schedule", {**STEPS, "at": [4, 2]}, names=("training.schedule.at",)),
    "steps after the end": _of_a_key("training.schedule", {**STEPS, "at": [2, 999]}, names=("training.schedule.at",)),
    "own data with a file": _of_a_key("dataset", {"load": "a:b", "file": "x.npz"}, names=("dataset.file",)),
    "arguments of no function": _of_a_key("dataset", {"args": {"a": 1}}, names=("dataset.args",)),
    "no function": _of_a_key("model.build", "nowhere"),
    "an autoscaler beside a count": _of_a_key(
        "workers", {"count": 2, "autoscale_to": 4}, names=("workers.autoscale_to",)
    ),
    "an unknown preset below": _of_a_key("extends", "quikstart"),
    "a missing file below": _of_a_key("extends", ["full", "gone.yaml"]),
    "itself below": _of_a_key("extends", "sweep.yaml"),
    "no file below": _of_a_key("extends", {"file": "full"}),
    "nothing to remove": _of_a_key("extends", "full", names=("space.widht",), space={"widht": None}),
    "an unknown sampler": _of_a_key("search", {"sampler": "tep"}, names=("search.sampler.name",)),
    "an unknown setting of a sampler": _of_a_key(
        "search", {"sampler": {"name": "tpe", "startup": 3}}, names=("search.sampler (tpe): startup",)
    ),
    "an unknown pruner": _of_a_key("search", {"pruner": {"name": "mean"}}, names=("search.pruner.name",)),
    "every config of an endless space": _of_a_key(
        "search", {"sampler": "brute_force"}, names=("search.sampler",), space={"rate": {"float": [0, 1]}}, compare=None
    ),
    "a comparison of nothing after the search": _of_a_key("cost_probe", 1, compare=None),
    "a verdict on what was trained on": _of_a_key(
        "objective.metric", "accuracy", names=("objective.metric",), compare="pooling", swap={"settings": 1}
    ),
    "an unknown baseline": _later("confirm.baseline", "min"),
    "a list for a baseline": _of_a_key("confirm.baseline", ["max"]),
    "seeds that can claim nothing": _later("confirm.seeds", 5),
    "a copy that is where it was": _of_a_key("confirm.shifts.translate", [0], names=("confirm.shifts.translate.0",)),
    "a copy turned too far": _of_a_key("confirm.shifts.rotate", [181], names=("confirm.shifts.rotate.0",)),
    "a copy twice": _of_a_key("confirm.shifts.rotate", [10, "1e1"]),
    "settings that can claim nothing": _later("swap.settings", 5),
    "runs that can claim nothing": _later("confirm.runs", 5),
    "controls without seeds": _of_a_key("controls", {"same": [[{}, {}]]}, names=("controls.same",)),
    "one replicate of a source": _later("controls", {"sources": 1}, names=("controls.sources",)),
    "half a comparison": _later("controls", {"pairs": 1, "same": [[{}]]}, names=("controls.same.0.1",)),
    "a control of an unknown param": _later(
        "controls", {"pairs": 1, "same": [[{}, {"widht": 1}]]}, names=("controls.same.0.1",)
    ),
    "a control of null": _later(
        "controls", {"pairs": 1, "same": [[{"width": None}, {}]]}, names=("controls.same.0.0",)
    ),
    "a control of an unknown arm": _later(
        "controls", {"pairs": 1, "same": [[{}, {"pooling": "min"}]]}, names=("controls.same.0.1",)
    ),
    "a control that lacks a param": _later(
        "controls", {"pairs": 1, "same": [[{}, {"pooling": "capsule"}]]}, names=("controls.same.0.1: steps",)
    ),
    "words for a number in a control": _later(
        "controls", {"pairs": 1, "same": [[{"rate": "fast"}, {}]]}, names=("controls.same.0.0: rate",)
    ),
}
