"""What is exported: the right trials, the very models, the same bytes twice."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import replace

import pytest
import yaml

from reports.export import export_best, export_trial, trials_without_model
from sweeps.errors import ConfigError, RunError
from sweeps.records import ArtifactWritten
from sweeps.runlog import write_whole

PLAIN = {"pooling": "max", "pool_size": 3, "learning_rate": 2.0e-3}


def give_model(writer, number: int, payload: bytes, *, path: str | None = None) -> None:
    path = path or f"artifacts/trial-{number:05d}-model.keras"
    write_whole(writer.directory.path / path, payload)
    digest = hashlib.sha256(payload).hexdigest()
    writer.write(ArtifactWritten(number=number, kind="model", path=path, digest=digest, bytes=len(payload)))


def exported(writer, tmp_path, top: int = 1):
    files = export_best(writer.read(), top=top, folder=tmp_path / "best")
    return files, yaml.safe_load(files[0].read_text(encoding="utf-8"))


def test_the_best_overall_and_of_each_arm(mixed, tmp_path) -> None:
    files, best = exported(mixed, tmp_path, top=2)
    assert files == [tmp_path / "best" / "best.yaml"]
    assert best["schema"] == 1
    assert [(entry["rank"], entry["trial"], entry["value"]) for entry in best["overall"]] == [(1, 3, 0.94), (2, 0, 0.9)]
    assert {arm: [entry["trial"] for entry in entries] for arm, entries in best["arms"].items()} == {
        "capsule": [3, 0],
        "max": [4, 1],
        "average": [6],
    }


def test_an_entry_holds_what_it_takes_to_repeat_it(mixed, tmp_path) -> None:
    _, best = exported(mixed, tmp_path)
    entry = best["arms"]["max"][0]
    assert entry["params"] == {"pooling": "max", "pool_size": 4, "learning_rate": 2.0e-3}  # nothing absent is named
    assert entry["seeds"] == {"init": 4, "order": 5, "dropout": 6, "augment": 7, "split": 0}
    assert (entry["metric"], entry["epochs"], entry["model"]) == ("val_accuracy", 3, None)
    assert best["data"]["digest"] == "d" * 64
    assert best["code"] == {"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": False}
    assert best["versions"]["keras"] == "3.15.1"
    assert best["model"]["build"] == "capsule_layer:build_classifier"


def test_the_rule_is_said_in_words(mixed, tmp_path) -> None:
    _, best = exported(mixed, tmp_path)
    assert best["selection"]["complete_trials"] == 5
    words = best["selection"]["in_words"]
    assert "the highest val_accuracy at the last epoch, chosen on validation data from 5 complete trials" in words
    assert "no verdict" in words


def test_two_exports_are_the_same_bytes(mixed, tmp_path) -> None:
    first = export_best(mixed.read(), top=3, folder=tmp_path / "one")[0].read_bytes()
    second = export_best(mixed.read(), top=3, folder=tmp_path / "two")[0].read_bytes()
    assert first == second


def test_the_models_of_those_very_trials_come_along(mixed, tmp_path) -> None:
    assert [trial.number for trial in trials_without_model(mixed.read(), 1)] == [3, 4, 6]
    give_model(mixed, 3, b"three")
    give_model(mixed, 0, b"zero")  # not chosen
    assert [trial.number for trial in trials_without_model(mixed.read(), 1)] == [4, 6]
    files, best = exported(mixed, tmp_path)
    assert [path.name for path in files] == ["best.yaml", "trial-00003.keras"]
    assert files[1].read_bytes() == b"three"
    assert best["overall"][0]["model"] == "trial-00003.keras"


def test_best_yaml_names_no_model_that_is_not_there(mixed, tmp_path, monkeypatch) -> None:
    give_model(mixed, 3, b"three")

    def full(path, payload) -> None:
        if path.suffix == ".keras":
            raise OSError(errno.ENOSPC, "No space left on device")
        write_whole(path, payload)

    monkeypatch.setattr("reports.export.write_whole", full)
    with pytest.raises(OSError, match="No space left"):
        export_best(mixed.read(), top=1, folder=tmp_path / "best")
    assert not (tmp_path / "best" / "best.yaml").exists()


def test_a_model_that_was_changed_is_refused_and_nothing_written(mixed, tmp_path) -> None:
    give_model(mixed, 3, b"three")
    write_whole(mixed.directory.artifacts / "trial-00003-model.keras", b"other")
    with pytest.raises(RunError, match="not the model that trial 3 wrote"):
        export_best(mixed.read(), top=1, folder=tmp_path / "best")
    assert not (tmp_path / "best").exists()


def test_a_model_that_is_gone_is_named(mixed, tmp_path) -> None:
    give_model(mixed, 3, b"three")
    (mixed.directory.artifacts / "trial-00003-model.keras").unlink()
    with pytest.raises(RunError, match="model of trial 3 cannot be read: No such file"):
        export_best(mixed.read(), top=1, folder=tmp_path / "best")


def test_an_artifact_outside_the_run_is_never_copied(mixed, tmp_path) -> None:
    give_model(mixed, 3, b"secret", path="../secret")
    with pytest.raises(RunError, match=r"must lie in the run directory, got \.\./secret"):
        export_best(mixed.read(), top=1, folder=tmp_path / "best")


def test_a_run_without_a_complete_trial_has_nothing_to_export(writer, tmp_path) -> None:
    run = writer()
    run.trial(PLAIN, [0.9], state="pruned")
    with pytest.raises(RunError, match=r"no trial is complete with a finite val_accuracy \(1 started\)"):
        export_best(run.read(), top=1, folder=tmp_path / "best")
    with pytest.raises(RunError, match="nothing to export"):
        trials_without_model(run.read(), 1)


def test_top_must_be_positive(mixed, tmp_path) -> None:
    with pytest.raises(ConfigError, match="top: must be at least 1, got 0"):
        export_best(mixed.read(), top=0, folder=tmp_path)


def test_a_joint_search_has_no_arms(writer, tmp_path) -> None:
    run = writer({"compare": None})
    run.trial(PLAIN, [0.5])
    _, best = exported(run, tmp_path)
    assert "arms" not in best
    assert best["overall"][0]["arm"] is None


def test_an_arm_named_all_is_not_the_whole_sweep(writer, tmp_path) -> None:
    run = writer({"space": {"pooling": ["all", "max"]}})
    run.trial({"pooling": "all"}, [0.5])
    run.trial({"pooling": "max"}, [0.7])
    _, best = exported(run, tmp_path)
    assert best["overall"][0]["trial"] == 1
    assert best["arms"]["all"][0]["trial"] == 0


def test_a_single_trial_is_exported_with_what_it_takes_to_repeat_it(mixed, tmp_path) -> None:
    run = mixed.read()
    run.trials[1].spec = replace(run.trials[1].spec, phase="swap")
    files = export_trial(run, run.trials[1], b"again", folder=tmp_path / "new")
    assert files == [tmp_path / "new" / "trial-00001.yaml", tmp_path / "new" / "trial-00001.keras"]
    assert files[1].read_bytes() == b"again"
    document = yaml.safe_load(files[0].read_text(encoding="utf-8"))
    assert document["trials"] == [
        {
            "phase": "swap",
            "trial": 1,
            "arm": "max",
            "params": PLAIN,
            "config_hash": run.trials[1].spec.config_hash,
            "metric": "val_accuracy",
            "value": 0.85,
            "epochs": 3,
            "seeds": {"init": 1, "order": 2, "dropout": 3, "augment": 4, "split": 0},
            "model": "trial-00001.keras",
        }
    ]
    _, best = exported(mixed, tmp_path)
    assert {name: best[name] for name in document if name != "trials"} == {
        name: document[name] for name in document if name != "trials"
    }
    assert {"sweep", "model", "training", "data", "code", "versions"} < set(document)


def test_a_trial_that_did_not_repeat_has_no_model(mixed, tmp_path) -> None:
    give_model(mixed, 0, b"kept by its worker")
    run = mixed.read()
    files = export_trial(run, run.trials[0], None, folder=tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["trial-00000.yaml"]
    assert yaml.safe_load(files[0].read_text(encoding="utf-8"))["trials"][0]["model"] is None
