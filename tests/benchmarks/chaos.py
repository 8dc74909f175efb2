"""Everything that can happen to a sweep over night happens to one within minutes; afterwards nothing may be wrong.

    python -m tests.benchmarks.chaos [--seed 0] [--drivers 20] [--workers 20] [--nodes 3] [--short]

From the checkout's folder, as root where the disk shall fill up. A real sweep, of small Keras models on digits, is
driven by the command line over a real Ray cluster of three nodes; its run directory lies on a small disk. A
seeded hand reads the log, and every few epochs it does one of these, in an order drawn beforehand:

- driver: kills the driver (SIGKILL), and resumes; torn: does so, and leaves half a line at the end of the log;
- worker: kills a worker; hang: stops one for good (SIGSTOP), so that it says nothing any more;
- node: kills a node with all that runs on it, and adds another;
- disk: fills the disk until the driver says that it waits, then makes room;
- two: starts a second driver, which must be refused, then a third that takes the run over.

A trial may lose nine workers in a row here, so that chance alone fails none. Some trials diverge and some run out of
memory, every time they are tried. The same sweep has run undisturbed before.
Then: every trial was chosen and has ended once, with the params, state and metrics of the undisturbed one, bit for bit;
the budget is met; the log reads from end to end; and no loss has cost more than `checkpoint_every` epochs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sweeps.history import History, read_run
from sweeps.records import EpochEnded, TrialEnded, TrialStarted
from sweeps.runlog import RunDirectory, read_events
from tests.machines import Machines

EVERY, EPOCHS = 3, 8
PATIENCE = 300.0
DIVERGES, SHORT = 7, 8
ACTIONS = ("driver", "torn", "worker", "hang", "node", "disk", "two")


def build(*, width: int, case: int, **_: Any) -> Any:
    """A network whose checkpoints, of more than a MiB, do travel through Ray's object store.

    Case 7 diverges, and case 8 runs out of memory when its optimizer takes a step: once it is compiled, for what is
    wrong step by step is found before a sweep begins.
    """
    import keras
    import tensorflow as tf
    from keras import layers

    @keras.saving.register_keras_serializable()
    class Short(keras.optimizers.Adam):
        def apply(self, *args: Any, **kwargs: Any) -> Any:
            if tf.executing_eagerly():
                return super().apply(*args, **kwargs)
            raise MemoryError("planted")

    images = keras.Input((28, 28, 1))
    x = layers.Dense(width, activation="relu")(layers.Flatten()(images))
    outputs = layers.Dense(10, activation="softmax")(layers.Dropout(0.2)(x))
    model = keras.Model(images, outputs)
    if case == SHORT:
        model.compile(optimizer=Short(), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    if case == DIVERGES:

        def broken(truth: Any, guess: Any) -> Any:
            return keras.ops.sum(guess) * (0.0 if tf.executing_eagerly() else float("nan"))

        model.compile(loss=broken, metrics=["accuracy"])
    return model


def sweep(trials: int, examples: int) -> dict[str, Any]:
    """Params by chance alone, so that they do not depend on who came first."""
    return {
        "name": "chaos",
        "model": {"build": "tests.benchmarks.chaos:build"},
        "dataset": {"name": "digits", "train": examples, "validation": 200},
        "space": {"width": {"int": [120, 160]}, "case": {"int": [0, 8]}, "learning_rate": {"float": [1e-4, 1e-2]}},
        "search": {"trials": trials, "epochs": EPOCHS, "sampler": "random", "pruner": "none"},
        "training": {"batch_size": 2},  # many steps: an epoch of a second or so
        "workers": {"count": "auto", "cpus": 1, "gpus": 0},
        "faults": {"checkpoint_every": EVERY, "no_progress": 25, "same_error": 0, "losses": 9},
    }


@dataclass
class Chaos:
    """One sweep, the hand that disturbs it, and what it did: every method `do_NAME` is an action.

    Args:
        folder: For everything but the run.
        run: The run directory.
        seed: Of all that is drawn.
        actions: Their names, in the order in which they are done.
        say: Prints a line.
        cluster: From Ray.
        nodes: Of the cluster, those that may be killed.
    """

    folder: Path
    run: Path
    seed: int
    actions: list[str]
    say: Callable[[str], None]
    cluster: Any
    nodes: list[Any]

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._output = self.folder / "driver.txt"
        self._hung: set[int] = set()
        self._process = self._start("launch", str(self.folder / "sweep.yaml"), "--run-dir", str(self.run))

    def play(self) -> None:
        """Do everything, then let the sweep come to its end."""
        for action in self.actions:
            self._let_pass(self._chance.randint(5, 25))
            if self._process.poll() is not None:
                raise SystemExit(f"the sweep ended before {action}:\n{self._said()[-2000:]}")
            self.say(f"{self._epochs():5d} epochs: {action}")
            getattr(self, f"do_{action}")()
        if self._process.wait(PATIENCE) != 0:
            raise SystemExit(f"the last driver left with {self._process.returncode}:\n{self._said()[-2000:]}")

    def do_driver(self, *, tail: bytes = b"") -> None:
        self._process.kill()
        self._process.wait()
        with (self.run / "events.jsonl").open("ab") as log:
            log.write(tail)
        self._process = self._start("resume", str(self.run))

    def do_torn(self) -> None:
        self.do_driver(tail=b'{"event":"epoch_ended","number":1,"att')

    def do_worker(self) -> None:
        os.kill(self._pid_of_a_worker(), signal.SIGKILL)

    def do_hang(self) -> None:
        pid = self._pid_of_a_worker()
        self._hung.add(pid)
        os.kill(pid, signal.SIGSTOP)

    def do_node(self) -> None:
        self.nodes.append(self.cluster.add_node(num_cpus=1))
        self.cluster.remove_node(self.nodes.pop(0), allow_graceful=False)

    def do_disk(self) -> None:
        ballast = self.run.parent / "ballast"
        before = self._said().count("paused")
        try:
            with ballast.open("wb", buffering=0) as file:
                for size in (2**16, 2**10, 1):
                    with contextlib.suppress(OSError):
                        while file.write(b"\0" * size):
                            pass
            self._wait(lambda: self._said().count("paused") > before, "the driver to pause")
        finally:
            ballast.unlink()

    def do_two(self) -> None:
        command = [*_capsweep(), "resume", str(self.run), "--address", self.cluster.address]
        refused = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
        if refused.returncode != 2 or "another driver is running this sweep" not in refused.stderr:
            raise SystemExit(f"a second driver was not refused: {refused}")
        first = self._process
        self._process = self._start("resume", str(self.run), "--take-over")
        if first.wait(PATIENCE) != 2 or "taken this run over" not in self._said():
            raise SystemExit(f"the first driver left with {first.returncode}:\n{self._said()[-2000:]}")

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [*_capsweep(), *arguments, "--address", self.cluster.address]
        with self._output.open("ab") as output:
            return subprocess.Popen(command, env=_environment(), stdout=output, stderr=output)

    def _pid_of_a_worker(self) -> int:
        """Of one that trains."""

        def pids() -> list[int]:
            history = read_run(self.run)
            pid_of = {worker.worker: worker.pid for worker in history.workers}
            attempts = {t.attempts[-1].worker for t in history.trials.values() if t.attempts and not t.ended}
            found = {pid_of[worker] for worker in attempts if worker in pid_of}
            return sorted(pid for pid in found - self._hung if _lives(pid))

        self._wait(lambda: bool(pids()), "a worker")
        return self._chance.choice(pids())

    def _let_pass(self, epochs: int) -> None:
        goal = self._epochs() + epochs
        self._wait(lambda: self._epochs() >= goal or self._process.poll() is not None, f"{epochs} epochs")

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > until:
                raise SystemExit(f"waited in vain for {what}:\n{self._said()[-2000:]}")
            time.sleep(0.1)

    def _epochs(self) -> int:
        log = self.run / "events.jsonl"
        return log.read_bytes().count(b'"event":"epoch_ended"') if log.exists() else 0

    def _said(self) -> str:
        return self._output.read_text(errors="replace") if self._output.exists() else ""


def check(disturbed: Path, whole: Path) -> str:
    """Every invariant; a line about what the sweep went through.

    Raises:
        AssertionError: Naming what does not hold.
    """
    log = [event for event, _ in read_events(RunDirectory(disturbed))]
    history, reference = read_run(disturbed), read_run(whole)
    numbers = sorted(reference.trials)
    for kind in (TrialStarted, TrialEnded):
        found = sorted(event.number for event in log if isinstance(event, kind))
        assert found == numbers, f"{kind.__name__}: {found}"
    assert history.ended is not None, "the budget is not met"
    for number in numbers:
        assert _outcome(history, number) == _outcome(reference, number), f"trial {number} came to something else"
        counted = [epoch.epoch for epoch in history.trials[number].epochs]
        assert counted == list(range(len(counted))), f"trial {number} counts the epochs {counted}"
    trained = Counter((event.number, event.epoch) for event in log if isinstance(event, EpochEnded))
    for number, trial in history.trials.items():
        again = sum(times - 1 for (other, _), times in trained.items() if other == number)
        assert again <= EVERY * (len(trial.attempts) - 1), f"trial {number} repeated {again} epochs"
    short = {event.number for event in history.resources if event.kind == "out_of_memory"}
    assert short == {n for n in numbers if history.trials[n].spec.params["case"] == SHORT}, f"out of memory: {short}"
    again = trained.total() - len(trained)
    attempts = sum(len(trial.attempts) - 1 for trial in history.trials.values())
    states = dict(Counter(trial.state for trial in history.trials.values()))
    return (
        f"{len(numbers)} trials {states}, {len(history.drivers)} drivers, {len(history.workers)} workers, "
        f"{len(history.lost)} attempts lost, {attempts} further attempts, {again} of {trained.total()} epochs repeated"
    )


def _outcome(history: History, number: int) -> tuple[object, ...]:
    trial = history.trials[number]
    assert trial.ended is not None
    ended = trial.ended
    return (trial.spec.params, trial.spec.seeds, ended.state, repr(ended.value), repr(ended.last), ended.best_epoch)


def chaos(folder: Path, *, seed: int, wanted: dict[str, int], say: Callable[[str], None], examples: int = 1200) -> str:
    """Run the sweep undisturbed, then disturbed; a line about what it went through.

    Args:
        folder: An empty one.
        seed: Of the disturbances.
        wanted: How many of each.
        say: Prints a line.
        examples: To train on, two a step: how long an epoch takes.

    Raises:
        AssertionError: If an invariant does not hold.
    """
    actions = [action for action, count in wanted.items() for _ in range(count)]
    random.Random(seed).shuffle(actions)
    (folder / "sweep.yaml").write_text(yaml.safe_dump(sweep(12 + 3 * len(actions), examples)))
    command = [*_capsweep(), "launch", str(folder / "sweep.yaml"), "--run-dir", str(folder / "whole")]
    subprocess.run(command, env=_environment(), stdout=subprocess.DEVNULL, check=True)
    with _small_disk(folder / "disk") if "disk" in actions else contextlib.nullcontext(folder) as disk:
        cluster = Machines()
        try:
            nodes = [cluster.add_node(num_cpus=1) for _ in range(3)]
            play = Chaos(folder, disk / "run", seed, actions, say, cluster, nodes)
            play.play()
        finally:
            cluster.shutdown()
        return check(disk / "run", folder / "whole")


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "capsweep-chaos", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _capsweep() -> list[str]:
    return [str(Path(sys.executable).with_name("capsweep"))]


def _environment() -> dict[str, str]:
    return {**os.environ, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "CUDA_VISIBLE_DEVICES": ""}


def _lives(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--drivers", type=int, default=20)
    parser.add_argument("--workers", type=int, default=20)
    parser.add_argument("--nodes", type=int, default=3)
    asked = parser.parse_args()
    wanted = {"driver": asked.drivers - 1, "torn": 1, "worker": asked.workers, "node": asked.nodes}
    wanted |= {"hang": 1, "two": 1, "disk": int(os.geteuid() == 0)}
    os.environ["RAY_AUTH_MODE"] = "disabled"
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    began = time.monotonic()
    print(chaos(folder, seed=asked.seed, wanted=wanted, say=lambda line: print(line, flush=True)))
    print(f"every invariant holds, after {wanted} in {time.monotonic() - began:.0f} s")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
