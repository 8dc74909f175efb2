"""Errors are an interface: one clear message, exit code 2, and nothing started or left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sweeps import cli
from sweeps.cli import terminal
from sweeps.runlog import RunDirectory

GOOD = """\
name: bad
dataset: {name: digits, train: 100, validation: 50}
space:
  pooling: [capsule, max]
  pool_size: {int: [2, 4]}
  temperature: {float: [0.1, 10.0], log: true, when: {pooling: capsule}}
  learning_rate: {float: [1.0e-4, 1.0e-2], log: true}
compare: pooling
search: {trials: 2, epochs: 1}
training: {batch_size: 32}
"""


@pytest.fixture
def folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CAPSWEEP_MNIST", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))  # Keras writes its settings there
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Run a command that must be refused, and return its message."""
    monkeypatch.setattr(sys, "argv", ["capsweep", *arguments])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    captured = capsys.readouterr()
    assert stopped.value.code == 2, captured.err
    assert "Traceback" not in captured.err + captured.out
    return captured.err


def edited(before: str, after: str) -> str:
    assert before in GOOD
    return GOOD.replace(before, after)


SWEEP_FILES = {
    "misspelt key": (edited("compare", "compaer"), "compaer: unknown key; did you mean compare?"),
    "misspelt inner key": (edited("trials: 2", "trails: 2"), "search.trails: unknown key; did you mean trials?"),
    "empty choice": (edited("[capsule, max]", "[]"), "space: pooling: a choice needs at least one value"),
    "one value twice": (edited("[capsule, max]", "[max, max]"), "must differ, got 'max' twice"),
    "low above high": (edited("[2, 4]", "[4, 2]"), "space: pool_size: low must not exceed high, got [4, 2]"),
    "log of zero": (edited("[0.1, 10.0]", "[0, 10.0]"), "space: temperature: a logarithmic scale needs low > 0"),
    "not a number": (edited("[0.1, 10.0]", "[.nan, 10.0]"), "space: temperature: low must be a finite number"),
    "number read as text": (
        edited("{float: [1.0e-4, 1.0e-2], log: true}", "[1e-4, 1e-2]"),
        "YAML reads it as text; write 0.0001",
    ),
    "condition on nothing": (edited("{pooling: capsule}", "{poling: capsule}"), "its condition names 'poling'"),
    "condition never true": (edited("{pooling: capsule}", "{pooling: caps}"), "pooling = 'caps' never holds"),
    "compare no choice": (edited("compare: pooling", "compare: pool_size"), "compare: must name a parameter"),
    "compare nothing": (edited("compare: pooling", "compare: x"), "compare: must name a parameter"),
    "negative budget": (edited("trials: 2", "trials: -2"), "search.trials: must be at least 1"),
    "no space": ("name: bad\n", "space: is needed and not given"),
    "not YAML": ("space: [", "not YAML"),
    "a list": ("- space", "a sweep file maps keys to values"),
    "unknown sampler": (GOOD + "objective: {at: sometimes}\n", "objective.at: must be one of last, best"),
    "sampler of no name": (
        edited("epochs: 1", "epochs: 1, sampler: tep"),
        "search.sampler.name: must be one of random",
    ),
    "sampler setting": (
        edited("epochs: 1", "epochs: 1, sampler: {name: tpe, startup: 3}"),
        "startup: unknown key; did you mean startup_trials?",
    ),
    "pruner setting": (
        edited("epochs: 1", "epochs: 1, pruner: {name: median, warmup_steps: -1}"),
        "warmup_steps: must be at least 0",
    ),
    "too few seeds": (GOOD + "confirm: {seeds: 5}\n", "confirm.seeds: must be at least 6, with which 1 exact"),
    "unknown data set": (edited("name: digits", "name: cifar"), "dataset.name: must be one of mnist, digits"),
    "too many images": (edited("train: 100", "train: 9999"), "9,999"),
    "too few images": (edited("validation: 50", "validation: 3"), "3"),
    "no such function": (GOOD + "model: {build: 'nowhere:build'}\n", "cannot import 'nowhere:build'"),
    "no function path": (GOOD + "model: {build: 'nowhere'}\n", 'must read "package.module:function"'),
    "unknown argument": (
        GOOD + "model: {args: {depth: 3}}\n".replace("model: {", "model: {"),
        "model.build: capsule_layer:build_classifier fails for",
    ),
    "setting out of range": (
        edited("learning_rate: {float: [1.0e-4, 1.0e-2], log: true}", "batch_size: {int: [0, 8]}"),
        "space: batch_size: must be at least 1",
    ),
    "loss without a direction": (
        GOOD + "objective: {metric: val_loss}\n",
        "objective: val_loss needs a direction: add direction: minimize",
    ),
    "two budgets": (
        edited("trials: 2", "trials: 2, seconds: 60"),
        "search.trials: does not go with budget: seconds; leave it out",
    ),
    "a bound that excludes everything": (
        GOOD + "objective: {constraints: {macs: {at_least: 2, at_most: 1}}}\n",
        "objective.constraints.macs: at_least must not exceed at_most, got 2 and 1",
    ),
    "steps after the end": (
        edited("batch_size: 32", "schedule: {name: steps, factors: [1, 0.1], at: [1]}"),
        "training.schedule.at: must name epochs below search.epochs, 1, got [1]",
    ),
    "conditions that exclude one another": (
        edited("compare", "  late: {int: [1, 2], when: {pooling: max, temperature: 1.0}}\ncompare"),
        "space: late: its conditions never hold together",
    ),
    "extends itself": (GOOD + "extends: sweep.yaml\n", "extends: goes in a circle: sweep.yaml -> sweep.yaml"),
    "extends nothing": (GOOD + "extends: gone.yaml\n", "sweep.yaml: extends: gone.yaml: cannot be read as a sweep"),
    "metric of no model": (
        GOOD + "objective: {metric: val_f1}\n",
        "objective.metric: no model reports 'val_f1'; they report accuracy, loss, val_accuracy, val_loss",
    ),
    "too many cores": (GOOD + "workers: {count: 100000}\n", "workers.cpus: 100,000 workers with 1 cpus each need"),
    "too many GPUs": (GOOD + "workers: {gpus: 900}\n", "workers.gpus: 1 worker with 900 gpus each need 900"),
    "count of words": (GOOD + "workers: {count: many}\n", "workers.count: must be auto or a whole number"),
}


@pytest.mark.parametrize("kind", SWEEP_FILES)
@pytest.mark.parametrize("command", ["launch", "plan"])
def test_a_bad_sweep_file_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str, command: str
) -> None:
    text, message = SWEEP_FILES[kind]
    (folder / "sweep.yaml").write_text(text)
    started: list[object] = []
    monkeypatch.setattr("ray.init", lambda *args, **kwargs: started.append(args))
    assert message in refused(capsys, monkeypatch, command, "sweep.yaml")
    assert [path.name for path in folder.iterdir()] == ["sweep.yaml"]
    assert not started


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["launch", "quikstart"], "no preset named 'quikstart'; there are full, notebook, quickstart"),
        (["launch", "missing.yaml"], "missing.yaml: cannot be read as a sweep file: No such file"),
        (["launch", "folder"], "folder: cannot be read as a sweep file: Is a directory"),
        (["launch", "binary.yaml"], "binary.yaml: "),
        (["launch", "good.yaml", "--run-dir", "folder"], "folder: exists already"),
        (["launch", "good.yaml", "--run-dir", "good.yaml"], "good.yaml: exists already"),
        (["launch", "good.yaml", "--run-dir", "good.yaml/run"], "good.yaml does not let us write"),
        (["launch", "good.yaml", "--set", "search.trials"], "--set: must read key.key=value"),
        (["launch", "good.yaml", "--set", "search.trial=3"], "search.trial: unknown key"),
        (["launch", "good.yaml", "--set", "search.first.0.pooling=max"], "search.first is a list, whose items"),
        (["launch", "good.yaml", "--set", "space.pool=null"], "--set: space.pool: is null, which removes a param"),
        (["launch", "good.yaml", "--set", "extends=full"], "--set extends: stands in a sweep file only"),
        (["launch", "good.yaml", "--workers", "-1"], "workers.count: must be auto or a whole number"),
        (["launch", "good.yaml", "--gpus-per-worker", "64"], "this machine has"),
        (["launch", "good.yaml", "--dataset", "missing.npz"], "missing.npz"),
        (["launch", "good.yaml", "--dataset", "mnits"], "--dataset: must be mnist or digits, or a file that exists"),
        (["launch", "good.yaml", "--dataset", "wrong.npz"], "x_train"),
        (["launch", "good.yaml", "--dataset", "binary.yaml"], "binary.yaml"),
        (["launch", "good.yaml", "--frobnicate"], "No such option"),
        (["launch", "good.yaml", "--address", "127.0.0.1:1"], "no Ray cluster answers at 127.0.0.1:1"),
        (["launch", "good.yaml", "--address", "auto", "--inline"], "--inline: trains in this process"),
        (["launch", "good.yaml", "--address", "here"], "--address: must be auto or host:port"),
        (["resume", "missing"], "missing: no run here"),
        (["status", "folder"], "folder: no run here"),
        (["report", "missing"], "missing: no run here"),
        (["export", "missing"], "missing: no run here"),
        (["export", "missing", "--top", "0"], "--top"),
        (["dashboard", "missing"], "missing: no run here"),
        (["plan"], "Missing argument"),
    ],
)
def test_a_bad_command_is_refused(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    (folder / "good.yaml").write_text(GOOD)
    (folder / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    (folder / "folder").mkdir()
    (folder / "folder" / "mine.txt").write_text("kept")
    np.savez(folder / "wrong.npz", images=np.zeros(3))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert message in refused(capsys, monkeypatch, *arguments)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def build(:", "cannot import 'mine:build': SyntaxError"),
        ("width = wdith", "cannot import 'mine:build': NameError: name 'wdith' is not defined"),
        ("import sys; sys.exit(0)", "cannot import 'mine:build': SystemExit"),
        ("1 / 0", "cannot import 'mine:build': ZeroDivisionError"),
        ("raise KeyboardInterrupt", "model.build: cannot import 'mine:build': KeyboardInterrupt\n"),
        ("raise GeneratorExit", "model.build: cannot import 'mine:build': GeneratorExit\n"),
    ],
)
def test_a_mistake_in_a_users_module_is_one_message(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, code: str, message: str
) -> None:
    (folder / "mine.py").write_text(code)
    (folder / "good.yaml").write_text(GOOD + "model: {build: 'mine:build'}\n")
    assert message in refused(capsys, monkeypatch, "launch", "good.yaml")
    assert not (folder / "runs").exists()


@pytest.mark.parametrize("key", ["model.build", "dataset.load"])
def test_a_users_module_that_another_hides_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    (folder / "reports.py").write_text("def f(**params): pass")
    (folder / "hidden.yaml").write_text(edited("name: digits, ", ""))
    changes = ["--set", f"{key}=reports:f", *(["--set", "dataset.name=digits"] if key == "model.build" else [])]
    complaint = refused(capsys, monkeypatch, "launch", "hidden.yaml", *changes)
    assert complaint.startswith(f"capsweep: {key}: 'reports:f' must be in a module that no other hides, got {folder}")
    assert len(complaint.splitlines()) == 1


OWN = """\
import os
import numpy as np

def load(count=60):
    return np.zeros((count, 4)), np.arange(count) % 3

def breaks():
    return {}["planted"]

def dies():
    import tensorflow
    os.abort()

def kills(width):
    os.abort()

def interrupts(**params):
    raise KeyboardInterrupt

def leaves_a_generator(**params):
    raise GeneratorExit("planted")

def lazy():
    class Lazy:
        def __array__(self, *args, **kwargs):
            raise KeyboardInterrupt("planted")
    return Lazy(), [0, 1]

def build(width):
    import keras
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
"""


@pytest.mark.parametrize(
    ("load", "build", "arguments", "message"),
    [
        ("breaks", "build", [], "dataset.load: mine:breaks fails (mine.py, line 8): KeyError: 'planted'\n"),
        ("dies", "build", [], "dataset.load: mine:dies ended the process that called it: by SIGABRT: "),
        ("load", "kills", [], "model.build: mine:kills ended the process that built its models: by SIGABRT: "),
        ("interrupts", "build", [], "dataset.load: mine:interrupts fails (mine.py, line 18): KeyboardInterrupt\n"),
        ("leaves_a_generator", "build", [], "mine:leaves_a_generator fails (mine.py, line 21): GeneratorExit: planted"),
        ("lazy", "build", [], "dataset.load: mine:lazy: x must be an array, got Lazy: KeyboardInterrupt: planted\n"),
        ("load", "interrupts", [], "model.build: mine:interrupts fails for {'width': 1}: KeyboardInterrupt\n"),
        ("load", "leaves_a_generator", [], "mine:leaves_a_generator fails for {'width': 1}: GeneratorExit"),
        ("load", "build", ["--dataset", "digits"], "--dataset: the data of this sweep come from mine:load"),
        ("load", "build", ["--set", "dataset.args={count: 5}"], "must return at least 6 examples"),
        ("load", "build", ["--set", "dataset.train=51"], "dataset.train must be at most 50"),
        ("load", "build", ["--set", "dataset.test=5"], "dataset.test: must be at most 0, the size of the test set"),
        (
            "load",
            "build",
            ["--set", "confirm.shifts.rotate=[10]"],
            "(h, w) or (h, w, c), and an example of mine:load has the shape (4,); leave it out",
        ),
        ("load", "build", ["--set", "objective.also=[macs, val_f1]"], "val_f1 needs a direction"),
        (
            "load",
            "build",
            ["--set", "compare=width", "--set", "confirm.seeds=6"],
            "confirm.seeds: needs a test set, and mine:load returns none",
        ),
    ],
)
def test_a_mistake_in_own_data_is_one_message(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    load: str,
    build: str,
    arguments: list[str],
    message: str,
) -> None:
    (folder / "mine.py").write_text(OWN)
    text = f"model: {{build: 'mine:{build}'}}\ndataset: {{load: 'mine:{load}'}}\nspace: {{width: [1, 2]}}\n"
    (folder / "own.yaml").write_text(text + "training: {batch_size: 32}\n")
    for command in ("plan", "launch"):
        complaint = refused(capsys, monkeypatch, command, "own.yaml", *arguments)
        assert message in complaint
        assert "tensorflow/" not in complaint
        assert len(complaint.splitlines()) == 1
    assert not (folder / "runs").exists()


def test_ctrl_c_while_a_users_function_runs_ends_the_command(folder: Path) -> None:
    slow = "import pathlib, time\n\ndef load():\n    pathlib.Path('begun').touch()\n    time.sleep(60)\n"
    (folder / "mine.py").write_text(slow)
    (folder / "own.yaml").write_text("dataset: {load: 'mine:load'}\nspace: {width: [1, 2]}\n")
    command = [sys.executable, "-c", "from sweeps.cli import main; main()", "launch", "own.yaml"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        give_up = time.monotonic() + 60
        while not (folder / "begun").exists() and time.monotonic() < give_up:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the child process gets it too
        complaint = process.communicate(timeout=30)[1]
    assert (process.returncode, complaint) == (130, "")


def test_a_full_disk_is_one_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import errno

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sweeps.cli.commands.app", full)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    assert "nothing more can be written: No space left on device; make room and try again" in capsys.readouterr().err


def test_a_full_disk_under_a_sweep_says_how_to_go_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import errno

    directory = RunDirectory(tmp_path)
    for begun in (False, True):
        if begun:
            directory.events.touch()
        with pytest.raises(OSError, match="No space left"), terminal.interruptible(directory):
            raise OSError(errno.ENOSPC, "No space left on device")
        assert (f"once there is room, `capsweep resume {tmp_path}` goes on" in capsys.readouterr().err) == begun


# The check before a sweep trains every model for a step, in a child process: this fault shows later.
FAILS_LATER = """\
import os
import keras

def build(pooling, **params):
    if os.getpid() == int(os.environ["PARENT"]):
        raise RuntimeError("planted stubbornness")
    return keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
"""


def test_a_sweep_that_stops_itself_says_why_and_how_to_go_on(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "stubborn.py").write_text(FAILS_LATER)
    monkeypatch.setenv("PARENT", str(os.getpid()))
    text = GOOD + "model: {build: 'stubborn:build'}\nfaults: {same_error: 2}\n"
    (folder / "bad.yaml").write_text(text.replace("trials: 2", "trials: 5"))
    monkeypatch.setattr(sys, "argv", ["capsweep", "launch", "bad.yaml", "--inline"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    message = capsys.readouterr().err
    assert stopped.value.code == 1, message
    assert (
        "bad/capsule: 2 trials in a row (0, 2) failed by the same error, RuntimeError: planted stubbornness" in message
    )
    assert "`capsweep resume runs/bad` goes on" in message
    assert "Traceback" not in message
