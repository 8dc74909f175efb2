"""What a report reads of a run beside its log: files that are there, of the first champions; the others are named."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from reports.analysis import Analysis, analyse
from reports.bundle import read_evidence, write_bundle
from reports.evidence import Gone, evidence_of
from reports.page import draw_page
from reports.view import View
from reports.views import pictures
from sweeps.artifacts import Artifacts
from sweeps.history import read_run
from sweeps.records import ArtifactWritten
from sweeps.runlog import RunDirectory, RunLog, append
from tests.benchmarks.made_run import made_run


def arrays(**given: object) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **given)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made run with pictures of the capsule and of all arms."""
    path = made_run(60, tmp_path_factory.mktemp("made"))
    first = next(trial.number for trial in read_run(path).trials.values() if trial.spec.pair_id == "confirm:0:0")
    (path / "lock").touch()
    keep(path, first, "layers.json", b'[{"name": "dense", "kind": "Dense", "shape": [10], "parameters": 7}]')
    seen, couplings = np.ones((1, 4, 4, 1), np.float32), np.ones((1, 2, 4, 4), np.float32)
    keep(path, first, "routing.npz", arrays(images=seen, labels=np.array([3]), couplings=couplings))
    keep(path, None, "disputed.npz", disputed(1))
    return path


def keep(path: Path, number: int | None, name: str, payload: bytes) -> None:
    with contextlib.closing(RunLog.open(RunDirectory(path))) as log:
        Artifacts(log, cap=0).keep_file(number, name, payload)


def disputed(count: int) -> bytes:
    """So many examples that all arms dispute."""
    images, right = np.ones((count, 4, 4), np.float32), np.tile([1.0, 0.5, 0.0], (count, 1))
    return arrays(images=images, places=np.arange(count), labels=np.arange(count), right=right)


@pytest.fixture(scope="module")
def whole(made: Path) -> Analysis:
    """Its report before any damage."""
    return analyse(evidence_of(read_run(made)))


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """The run, to be damaged."""
    return Path(shutil.copytree(made, tmp_path / "run"))


def written(path: Path, kind: str) -> ArtifactWritten:
    """The first file of a kind."""
    history = read_run(path)
    found = [trial.artifacts[kind] for trial in history.trials.values() if kind in trial.artifacts]
    return found[0] if found else history.artifacts[kind]


def captions(views: Iterable[View]) -> dict[str, str]:
    """What is said under every figure, with the command that stands in the place of one."""
    return {view.key: f"{view.caption} {view.command}" for view in views}


def of_all(analysis: Analysis) -> dict[str, str]:
    return captions(view for _, view in analysis.views())


def test_a_whole_run_lacks_nothing(whole: Analysis) -> None:
    assert whole.evidence.gone == ()
    assert len(whole.evidence.predictions) == 60
    files = {arm: sorted(files) for arm, files in whole.evidence.pictures.items()}
    assert files == {"capsule": ["layers", "routing"], "": ["disputed"]}
    assert {"routing-0", "disputed", "networks"} <= of_all(whole).keys()
    assert "is gone" not in "".join(of_all(whole).values())


KINDS = {
    "layers": ("networks", "capsweep launch SWEEP"),
    "routing": ("routing-0", "capsweep launch SWEEP"),
    "disputed": ("disputed", "capsweep resume RUN"),
}


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"torn")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_gone_is_named_with_what_brings_it_back(
    run: Path, whole: Analysis, kind: str, damage: Callable[[Path], object]
) -> None:
    event, (key, command) = written(run, kind), KINDS[kind]
    damage(run / event.path)
    found = evidence_of(read_run(run))
    assert found.gone == (Gone(event.path, kind, "" if kind == "disputed" else "capsule", event.number),)
    before, after = captions(pictures.draw(whole.evidence)), captions(pictures.draw(found))
    assert f"{event.path} is gone, or is not as it was written" in after[key]
    assert after[key].endswith(f" {command}")
    assert {**after, key: ""} == {**before, key: ""}
    assert len(found.predictions) == 60


def test_predictions_that_are_gone_leave_their_pairs_out_and_nothing_else(run: Path, whole: Analysis) -> None:
    event = written(run, "predictions")
    (run / event.path).unlink()
    after = analyse(evidence_of(read_run(run)))
    assert event.number not in after.evidence.predictions
    assert len(after.evidence.predictions) == 59
    told = {key for key, caption in of_all(after).items() if f"{event.path} is gone" in caption}
    assert told == {"errors", "errors-classes", "errors-reliability", "variance-crossed"}
    kept = [(each.arm, len(each.discordance.pairs), each.absent) for each in after.results["errors"].arms]
    assert kept == [("capsule", 19, 1), ("average", 20, 0)]
    assert {**after.statistics(), "errors": 0, "variance": 0} == {**whole.statistics(), "errors": 0, "variance": 0}


def test_a_run_without_any_of_its_files_has_its_report(run: Path, whole: Analysis, tmp_path: Path) -> None:
    shutil.rmtree(run / "artifacts")
    after = analyse(evidence_of(read_run(run)))
    assert len(after.evidence.gone) == 63
    assert after.verdict == whole.verdict
    said, lost = of_all(after), after.evidence.gone[0].path
    for key in ("errors", "variance-crossed", "routing-0", "disputed", "networks"):
        assert said[key].endswith("trains everything again. capsweep launch SWEEP"), key
    assert ", and so are 59 others." in said["errors"]
    assert "errors-classes" not in said
    assert lost in draw_page([after])
    write_bundle(after, tmp_path / "tables")
    assert read_evidence(tmp_path / "tables").gone == after.evidence.gone


def test_pictures_are_of_the_first_champion_alone(run: Path) -> None:
    history = read_run(run)
    lost, kept = written(run, "layers"), written(run, "routing")
    other = next(number for number, trial in history.trials.items() if trial.spec.phase == "swap")
    (run / lost.path).unlink()
    append(history.directory, ArtifactWritten(**{**vars(kept), "number": other, "kind": "layers"}))
    found = evidence_of(read_run(run))
    assert list(found.pictures["capsule"]) == ["routing"]
    assert [each.path for each in found.gone] == [lost.path]


def test_arms_that_dispute_nothing_have_no_picture_of_it(run: Path, whole: Analysis) -> None:
    keep(run, None, "disputed.npz", disputed(0))
    before, after = captions(pictures.draw(whole.evidence)), captions(pictures.draw(evidence_of(read_run(run))))
    assert before.pop("disputed").startswith("The 1 test example on which")
    assert after == before
