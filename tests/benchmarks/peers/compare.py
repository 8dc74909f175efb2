"""How many trials an hour does capsweep finish, and its peers, given the same configs on the same machine?

    python -m tests.benchmarks.peers.compare [--network notebook|narrow] [--rounds 3] [--systems NAME...] [--to FILE]

From the checkout's folder, with `pip install -e '.[bench]'` and `CAPSWEEP_MNIST` naming MNIST. Linux only. About 15
minutes a round with all systems on 2 cores, which must have nothing else to do.

Every system trains the same configs, drawn once and seeded: 24 on the notebook's network, 60 on one with a fiftieth of
its arithmetic; 3 epochs of 1,024 images of MNIST in batches of 128, 256 to validate, float32, two workers of a thread
each (KerasTuner: one process of two threads). They take turns in rounds, in an order drawn anew. Peers run the
capsule layer of this project (`own`), so that orchestration alone is compared, and the one a user would write
(`plain`): capsweep's own trial is the same in both.

- wall: from the command's start until the best trial is known, start-up included.
- useful: inside `fit` (for capsweep: inside the epochs), tracing included, reporting not.
- overhead: (wall times workers - useful) / trials.
- tracing: by how much a trial's first epoch is longer than its later ones, mean over the trials.
- bound: trials an hour if workers did nothing but train at the speed of the later epochs.
- warm overhead (capsweep): what is neither epoch nor a worker's start or its first trial, for each trial after that.

Ratios are of the trials an hour, within a round; their median is printed. Each row goes to FILE as a line of JSON, and
rounds already there are counted in, so that a comparison can be run in parts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import mean, median
from typing import Any

from tests.benchmarks.peers.process_tree import ProcessTree
from tests.benchmarks.peers.systems import WORKERS
from tests.benchmarks.peers.work import EPOCHS, draw

TRIALS = {"notebook": 24, "narrow": 60}
LIMIT = 1500.0
NAMES = {
    "capsweep": "capsweep",
    "ray own": "Ray Tune + OptunaSearch",
    "ray-reuse own": "the same, `reuse_actors=True`",
    "optuna own": "Optuna, 2 processes, SQLite",
    "kerastuner own": "KerasTuner, 1 process",
    "ray plain": "Ray Tune + OptunaSearch, plain layer",
    "ray-reuse plain": "the same, `reuse_actors=True`, plain layer",
}
Row = dict[str, Any]


def measure(label: str, network: str) -> Row:
    """Run one system once."""
    system, _, layer = label.partition(" ")
    out = Path(tempfile.mkdtemp(prefix="peers-"))
    (out / "configs.json").write_text(json.dumps(draw(TRIALS[network])))
    mark = f"peers-{uuid.uuid4().hex}"
    tree, began, clock = ProcessTree(mark), time.time(), time.perf_counter()
    command = [sys.executable, "-m", "tests.benchmarks.peers.systems", system, str(out / "configs.json")]
    environment = _environment(out, mark, network, layer or "own", threads=2 if system == "kerastuner" else 1)
    with (out / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
        while process.poll() is None and time.perf_counter() - clock < LIMIT:
            tree.sample()
            time.sleep(0.3)
    exit_seconds = time.perf_counter() - clock
    tree.end()
    if process.poll() != 0:
        raise SystemExit(f"{label} failed: {out / 'output.txt'}\n{(out / 'output.txt').read_text()[-2000:]}")
    row = _read_capsweep(out, began) if system == "capsweep" else _read_peer(out, began)
    if row["trials"] != TRIALS[network]:
        raise SystemExit(f"{label}: {row['trials']} whole trials of {TRIALS[network]}: {out}")
    shutil.rmtree(out)
    workers = 1 if system == "kerastuner" else WORKERS
    row |= {"label": label, "network": network, "workers": workers, "exit_seconds": exit_seconds}
    return row | {"cpu_seconds": tree.cpu_seconds(), "peak_bytes": tree.peak}


def _environment(out: Path, mark: str, network: str, layer: str, *, threads: int) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PEERS_OUT": str(out),
        "PEERS_MARK": mark,
        "PEERS_NETWORK": network,
        "PEERS_LAYER": layer,
        "PYTHONPATH": os.getcwd(),
        "RAY_TMPDIR": str(out),
        "RAY_USAGE_STATS_ENABLED": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": "",
    }


def _read_peer(out: Path, began: float) -> Row:
    answer = json.loads((out / "answer.json").read_text())
    epochs: dict[object, list[float]] = defaultdict(list)
    useful = 0.0
    for line in (out / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "epoch":
            epochs[event["trial"]].append(event["fit_seconds"] - sum(epochs[event["trial"]]))
        if event["event"] == "done":
            useful += event["fit_seconds"]
    return _row(answer["time"] - began, useful, epochs.values(), answer["best"])


def _read_capsweep(out: Path, began: float) -> Row:
    from sweeps.history import read_run

    history = read_run(out / "run")
    assert history.ended is not None
    trials = list(history.trials.values())
    epochs = [[epoch.seconds for epoch in trial.epochs] for trial in trials]
    useful = sum(map(sum, epochs))
    best = max(trial.ended.value or 0.0 for trial in trials if trial.ended)
    row = _row(history.ended.time - began, useful, epochs, best)
    return row | {"warm_overhead": _warm_overhead(trials)}


def _warm_overhead(trials: Iterable[Any]) -> float:
    """Seconds of a worker's time from the end of its first trial to that of its last, less its epochs, a trial."""
    of_worker: dict[str, list[Any]] = defaultdict(list)
    for trial in sorted(trials, key=lambda trial: trial.ended.time):
        of_worker[trial.attempts[-1].worker].append(trial)
    lost = count = 0.0
    for first, *others in of_worker.values():
        if others:
            span = others[-1].ended.time - first.ended.time
            lost += span - sum(epoch.seconds for trial in others for epoch in trial.epochs)
            count += len(others)
    return lost / count


def _row(wall: float, useful: float, epochs: Iterable[list[float]], best: float) -> Row:
    whole = [seconds for seconds in epochs if len(seconds) == EPOCHS]
    later = [mean(seconds[1:]) for seconds in whole]
    tracing = mean(seconds[0] - mean(seconds[1:]) for seconds in whole)
    return {
        "wall": wall,
        "useful": useful,
        "trials": len(whole),
        "tracing": tracing,
        "trial_seconds": mean(later) * EPOCHS,
        "best": best,
    }


def table(rows: list[Row]) -> Iterator[str]:
    """Medians over the rounds, a line a system, and capsweep's trials an hour as a multiple of each."""
    head = ("system", "wall s", "trials/h", "bound", "useful", "overhead s/trial", "tracing s/trial", "GiB", "capsweep")
    yield from ("| " + " | ".join(head) + " |", "|" + "---|" * len(head))
    by_label: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_label[row["label"]].append(row)
    ours = {row["round"]: row["wall"] for row in by_label["capsweep"]}
    for label in filter(by_label.__contains__, NAMES):
        yield _line(label, by_label[label], ours)
    warm = [row["warm_overhead"] for row in by_label["capsweep"]]
    yield f"\ncapsweep's overhead after a worker's first trial: {median(warm):.3f} s a trial"


def _line(label: str, rows: list[Row], ours: dict[int, float]) -> str:
    def middle(value: Any) -> float:
        return median(map(value, rows))

    ratios = [row["wall"] / ours[row["round"]] for row in rows if row["round"] in ours]
    cells = (
        NAMES[label],
        f"{middle(lambda r: r['wall']):.0f}",
        f"{middle(lambda r: r['trials'] / r['wall'] * 3600):.0f}",
        f"{middle(lambda r: WORKERS * 3600 / r['trial_seconds'] * r['workers'] / WORKERS):.0f}",
        f"{middle(lambda r: r['useful'] / (r['wall'] * r['workers'])):.0%}",
        f"{middle(lambda r: (r['wall'] * r['workers'] - r['useful']) / r['trials']):.2f}",
        f"{middle(lambda r: r['tracing']):.2f}",
        f"{middle(lambda r: r['peak_bytes'] / 2**30):.1f}",
        f"{median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else "",
    )
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=TRIALS, default="notebook")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--systems", nargs="+", metavar="NAME", choices=NAMES, default=list(NAMES))
    parser.add_argument("--to", type=Path, default=Path(tempfile.gettempdir()) / "capsweep-peers.jsonl")
    asked = parser.parse_args()
    rows = [json.loads(line) for line in asked.to.read_text().splitlines()] if asked.to.exists() else []
    rows = [row for row in rows if row["network"] == asked.network]
    first = max((row["round"] for row in rows), default=-1) + 1
    for number in range(first, asked.rounds):
        for label in random.Random(number).sample(asked.systems, len(asked.systems)):
            row = measure(label, asked.network) | {"round": number}
            rows.append(row)
            with asked.to.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"round {number}: {label}: {row['wall']:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
