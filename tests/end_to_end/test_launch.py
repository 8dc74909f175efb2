"""Real networks on a real Ray: launch, kill, resume, export."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sweeps.history import read_run
from sweeps.records import AttemptStarted, TrialEnded, TrialStarted
from sweeps.runlog import RunDirectory, read_events
from tests.end_to_end.conftest import COMMAND

Capsweep = Callable[..., subprocess.CompletedProcess[str]]

EVALUATE = """
import json, sys
import keras, numpy as np
import capsule_layer
from sweeps.config import SweepConfig
from sweeps.images import load_data
from sweeps.history import read_run
from pathlib import Path
data, _ = load_data(read_run(Path(sys.argv[1])).config)
images = (data.x_validation.astype("float32") / 255.0)[..., np.newaxis]
for path in sys.argv[2:]:
    model = keras.models.load_model(path, safe_mode=True)
    print(json.dumps(model.evaluate(images, data.y_validation, verbose=0, return_dict=True)))
"""


def evaluate(run: Path, models: list[Path], env: dict[str, str]) -> list[dict[str, float]]:
    """The metrics of each model on the validation images, in a fresh process."""
    command = [sys.executable, "-c", EVALUATE, str(run), *map(str, models)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()[-len(models) :]]


def test_the_quickstart_without_mnist_or_network_runs_on_digits_and_says_so(capsweep: Capsweep, folder: Path) -> None:
    small = ("search.trials=1", "search.epochs=1", "confirm.seeds=0", "training.batch_size=125", "name=quick")
    done = capsweep("launch", *(word for change in small for word in ("--set", change)))
    assert done.returncode == 0, done.stderr
    note = "MNIST could not be had: this run is on scikit-learn's bundled digits instead"
    assert done.stdout.splitlines()[0] == note
    history = read_run(folder / "runs" / "quick")
    assert history.header.notes == (note,)
    assert history.header.data["name"] == "digits"
    page = (folder / "runs" / "quick" / "report.html").read_text()
    assert "digits" in page[page.index("<h1") : page.index("</h1>")]
    assert (folder / "runs" / "quick" / "best" / "best.yaml").exists()
    lines = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert {"capsule", "max", "average"} <= set(lines), "the table of the arms is missing"


@pytest.mark.parametrize("arguments", [["--dataset", "mnist"], ["small.yaml", "--dataset", "mnist"]])
def test_mnist_by_name_is_never_replaced(capsweep: Capsweep, folder: Path, arguments: list[str]) -> None:
    done = capsweep("launch", *arguments)
    assert done.returncode == 2
    assert "CAPSWEEP_MNIST" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "runs").exists()


def test_a_killed_driver_loses_nothing(capsweep: Capsweep, folder: Path, environment: dict[str, str]) -> None:
    run = folder / "runs" / "small"
    command = [*COMMAND, "launch", "small.yaml", "--set", "search.trials=3", "--run-dir", str(run)]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if line.startswith("[2/6]"):
                os.kill(driver.pid, signal.SIGKILL)
                break
    killed = read_run(run)
    assert killed.ended is None
    ended = {number: trial.ended for number, trial in killed.trials.items() if trial.ended}
    assert 2 <= len(ended) < 6

    done = capsweep("resume", str(run))
    assert done.returncode == 0, done.stderr
    assert f"resume: {len(ended)} trials kept" in done.stdout
    after = read_run(run)
    assert {number: after.trials[number].ended for number in ended} == ended
    events = [event for event, _ in read_events(RunDirectory(run))]
    for kind in (TrialStarted, TrialEnded):
        assert sorted(event.number for event in events if isinstance(event, kind)) == list(range(6))
    attempts = Counter(event.number for event in events if isinstance(event, AttemptStarted))
    assert all(attempts[number] == 1 for number in ended)
    assert Counter(trial.spec.arm for trial in after.trials.values()) == {"average": 3, "max": 3}
    assert after.ended is not None


def test_a_sweep_asked_to_stop_comes_to_rest_and_goes_on_from_its_checkpoints(
    capsweep: Capsweep, folder: Path, environment: dict[str, str]
) -> None:
    command = [*COMMAND, "launch", "small.yaml", "--run-dir", "run", "--workers", "2", "--set", "search.epochs=6"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as driver:
        assert driver.stdout is not None
        for _ in range(2):  # by the time the second worker is ready, the first one trains
            next(line for line in driver.stdout if "ready on" in line)
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: the workers get it too
        said, complaint = driver.communicate(timeout=100)
    assert driver.returncode == 130, said + complaint
    assert "stopping (interrupted)" in said
    assert "stopped (interrupted); `capsweep resume run` goes on" in complaint.splitlines()
    assert "Traceback" not in complaint
    assert not RunDirectory(folder / "run").is_driven()

    stopped = read_run(folder / "run")
    assert not stopped.lost
    begun = {number for number, trial in stopped.trials.items() if trial.epochs}
    assert begun
    done = capsweep("resume", "run", "--time-limit", "8h")
    assert done.returncode == 0, done.stderr
    after = read_run(folder / "run")
    for number in begun:
        assert f"trial {number} goes on with epoch {len(stopped.trials[number].epochs) + 1}" in done.stdout
        assert after.trials[number].epochs[: len(stopped.trials[number].epochs)] == stopped.trials[number].epochs
    assert all(trial.state == "complete" and len(trial.epochs) == 6 for trial in after.trials.values())


@pytest.mark.parametrize("said", ["data:", "run directory:"])
def test_a_sweep_asked_to_stop_before_it_trains_leaves_nothing_behind(
    folder: Path, environment: dict[str, str], said: str
) -> None:
    command = [*COMMAND, "launch", "small.yaml", "--run-dir", "run"]
    mark = {"CAPSWEEP_TEST_MARK": str(folder)}
    with subprocess.Popen(
        command, cwd=folder, env=environment | mark, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as driver:
        assert driver.stdout is not None
        next(line for line in driver.stdout if line.startswith(said))
        driver.send_signal(signal.SIGTERM)
        _, complaint = driver.communicate(timeout=100)
    assert driver.returncode == 130
    assert "Traceback" not in complaint
    left = [path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if mark_in(path, str(folder))]
    assert not left, "processes that outlive the command"


def mark_in(environ: Path, mark: str) -> bool:
    try:
        return f"CAPSWEEP_TEST_MARK={mark}".encode() in environ.read_bytes()
    except OSError:
        return False


def test_a_sweep_out_of_time_has_an_exit_code_of_its_own(capsweep: Capsweep, folder: Path) -> None:
    done = capsweep("launch", "small.yaml", "--inline", "--run-dir", "run", "--time-limit", "0.001s")
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1] == "stopped (time limit); `capsweep resume run` goes on"
    assert read_run(folder / "run").ended is None


def test_an_exported_model_gives_the_recorded_metric_kept_or_retrained(
    capsweep: Capsweep, folder: Path, environment: dict[str, str]
) -> None:
    # Two threads, and a file that is called as one of our packages is.
    (folder / "reports.py").write_text("raise ImportError('the wrong reports')")
    layer = ("--set", "space.pooling=[capsule, max]")  # a layer of its own, which a saved model must bring
    done = capsweep("launch", "small.yaml", "--workers", "1", "--set", "workers.cpus=2", *layer)
    assert done.returncode == 0, done.stderr
    run = folder / "runs" / "small"
    done = capsweep("export", str(run), "--top", "4", "-o", "best-four")
    assert done.returncode == 0, done.stderr
    exported = yaml.safe_load((folder / "best-four" / "best.yaml").read_text())
    assert len(exported["overall"]) == 4
    history = read_run(run)
    assert len(history.audits) == 2
    models = [folder / "best-four" / entry["model"] for entry in exported["overall"]]
    for entry, metrics in zip(exported["overall"], evaluate(run, models, environment), strict=True):
        trial = history.trials[entry["trial"]]
        assert trial.ended is not None
        assert metrics["accuracy"] == pytest.approx(entry["value"], abs=1e-6)
        assert metrics["loss"] == pytest.approx(trial.ended.last["val_loss"], rel=1e-5)
    number = next(number for number, trial in history.trials.items() if trial.spec.arm == "max")
    done = capsweep("export", str(run), "--trial", str(number), "-o", "again")  # though the run holds its model
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(", as recorded\n")
    entries = yaml.safe_load((folder / "again" / f"trial-{number:05d}.yaml").read_text())["trials"]
    assert [(entry["trial"], entry["model"]) for entry in entries] == [(number, f"trial-{number:05d}.keras")]
    assert (folder / "again" / entries[0]["model"]).exists()
    assert read_run(run).trials[number].artifacts == history.trials[number].artifacts
