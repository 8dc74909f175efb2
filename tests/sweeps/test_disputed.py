"""The examples that the arms dispute: which are chosen, from whose answers, and when they are due."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweeps.artifacts import Artifacts, read_artifact
from sweeps.datasets import TestSet
from sweeps.disputed import SHOWN, keep_disputed, pictures_due
from sweeps.history import read_run
from sweeps.phases.specs import confirm_specs
from sweeps.records import ArtifactWritten, State, SweepStarted, TrialEnded, TrialStarted
from sweeps.runlog import RunDirectory, RunLog, read_events
from tests.sweeps.later_world import CHAMPIONS, make_config

EXAMPLES = 40
CONFIG = make_config()
TEST = TestSet(np.arange(EXAMPLES * 6, dtype=np.uint8).reshape(EXAMPLES, 2, 3), np.arange(EXAMPLES) % 10)
OTHERS = [replace(each, place=1) for each in CHAMPIONS]
ALL = np.ones(EXAMPLES, dtype=bool)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RunLog]:
    yield from begun(tmp_path / "run", [2, 3])


def begun(path: Path, shape: Sequence[int]) -> Iterator[RunLog]:
    """A run on examples of a shape."""
    log = RunLog.create(RunDirectory(path))
    fields: dict[str, Any] = dict.fromkeys(("sweep", "name", "config_digest"), "")
    log.append(SweepStarted(**fields, config={}, data={"shape": shape}, versions={}, commit=None, dirty=None))
    yield log
    log.close()


def confirm(log: RunLog, spec: TrialStarted, right: Any, *, state: State = "complete") -> None:
    """A replicate that is right on these examples."""
    number = len(read_run(log.directory.path).trials)
    log.append(replace(spec, number=number))
    label, file = TEST.y.astype(np.uint16), io.BytesIO()
    np.savez_compressed(file, label=label, predicted=np.where(right, label, label + 1))
    Artifacts(log, cap=0).keep_file(number, "predictions.npz", file.getvalue())
    best: dict[str, Any] = {"best_value": None, "best_epoch": None}
    log.append(TrialEnded(number=number, attempt=1, state=state, value=0.5, epochs=1, step=1, last={}, **best))


def planted(log: RunLog) -> None:
    """The capsule is right always, max is wrong the more often the larger an example's place modulo 7."""
    for spec in confirm_specs(CONFIG, CHAMPIONS):
        confirm(log, spec, ALL if spec.arm == "capsule" else np.arange(EXAMPLES) % 7 <= spec.replicate)


def is_due(log: RunLog) -> bool:
    events = [event for event, _ in read_events(log.directory)]
    return pictures_due(CONFIG, read_run(log.directory.path), events)


def keep(log: RunLog) -> None:
    keep_disputed(CONFIG, read_run(log.directory.path), Artifacts(log, cap=0), TEST)


def kept(log: RunLog) -> dict[str, Any]:
    history = read_run(log.directory.path)
    payload = read_artifact(history.directory, history.artifacts["disputed"])
    assert payload is not None
    with np.load(io.BytesIO(payload), allow_pickle=False) as file:
        return dict(file)


def test_the_examples_on_which_the_arms_differ_most_are_chosen(log: RunLog) -> None:
    planted(log)
    keep(log)
    found = kept(log)
    wanted = sorted(range(EXAMPLES), key=lambda place: (-(place % 7), place))[:SHOWN]
    assert found["places"].tolist() == wanted
    np.testing.assert_array_equal(found["images"], TEST.x[wanted])
    assert found["labels"].tolist() == [place % 10 for place in wanted]
    np.testing.assert_allclose(found["right"], [[1, 1 - (place % 7) / 6] for place in wanted])


def test_only_whole_replicates_of_the_first_champions_are_asked(log: RunLog) -> None:
    planted(log)
    for spec in confirm_specs(CONFIG, OTHERS):
        confirm(log, spec, ~ALL)
    confirm(log, replace(next(confirm_specs(CONFIG, CHAMPIONS)), pair_id="confirm:0:6"), ~ALL, state="failed")
    keep(log)
    assert set(kept(log)["right"][:, 0]) == {1.0}


def test_arms_that_agree_dispute_nothing_and_are_not_asked_again(log: RunLog) -> None:
    for spec in confirm_specs(CONFIG, CHAMPIONS):
        confirm(log, spec, ALL)
    assert is_due(log)
    keep(log)
    assert {name: len(each) for name, each in kept(log).items()} == dict.fromkeys(
        ("images", "places", "labels", "right"), 0
    )
    assert not is_due(log)


def test_pictures_are_due_until_there_are_some_that_know_every_replicate(log: RunLog) -> None:
    specs = list(confirm_specs(CONFIG, CHAMPIONS))
    assert not is_due(log)
    confirm(log, specs[0], ALL)
    assert not is_due(log), "one arm alone disputes nothing"
    keep(log)
    assert "disputed" not in read_run(log.directory.path).artifacts
    confirm(log, specs[1], ~ALL)
    assert is_due(log)
    keep(log)
    assert not is_due(log)
    confirm(log, replace(specs[0], pair_id="swap:0:0", phase="swap"), ALL)
    assert not is_due(log)
    confirm(log, specs[2], ALL)
    assert is_due(log)
    keep(log)
    (log.directory.path / read_run(log.directory.path).artifacts["disputed"].path).write_bytes(b"torn")
    assert is_due(log)


def test_pictures_of_a_run_that_used_an_older_name_are_as_good(log: RunLog) -> None:
    planted(log)
    keep(log)
    event = read_run(log.directory.path).artifacts["disputed"]
    (log.directory.path / event.path).rename(log.directory.artifacts / "disputed.npz")
    log.append(ArtifactWritten(**{**vars(event), "path": "artifacts/disputed.npz"}))
    assert not is_due(log)
    assert len(kept(log)["places"]) == SHOWN


@pytest.mark.parametrize("shape", [[], [4], [129, 28], [28, 129], [2, 3, 3, 3]])
def test_what_is_no_small_image_is_not_shown(tmp_path: Path, shape: list[int]) -> None:
    for log in begun(tmp_path / "other", shape):
        planted(log)
        assert not is_due(log)
