"""All phases on real images: trained by Ray, tested, judged, and every view of the report drawn from what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from reports.analysis import analyse
from reports.bundle import read_evidence
from sweeps.history import read_run
from sweeps.records import LATER
from tests.end_to_end.conftest import Run

SWEEP = """\
name: whole
model: {build: "capsule_layer:build_classifier", args: {batch_norm_momentum: 0.9, pool_size: 4}}
dataset: {name: mnist, train: 256, validation: 200, test: 200}
space:
  pooling: [capsule, max]
  routing_steps: {int: [2, 3], when: {pooling: capsule}}
  temperature: {float: [0.1, 10.0], log: true, when: {pooling: capsule}}
  learning_rate: {float: [1.0e-3, 1.0e-2], log: true}
compare: pooling
search: {trials: 10, epochs: 2, sampler: random, pruner: none}
training: {batch_size: 32}
confirm: {seeds: 6, shifts: {translate: [2], rotate: [15]}}
swap: {settings: 6}
controls: {pairs: 1, sources: 2, same: [[{pooling: capsule, routing_steps: 1, temperature: 1.0}, {pooling: max}]]}
cost_probe: 2
"""


def test_every_phase_runs_on_mnist_and_every_view_is_drawn(capsweep: Run, folder: Path, mnist_file: Path) -> None:
    (folder / "whole.yaml").write_text(SWEEP)
    done = capsweep("launch", "whole.yaml", env={"CAPSWEEP_MNIST": str(mnist_file)})
    assert done.returncode == 0, done.stderr
    run = read_run(folder / "runs" / "whole")
    phases = [trial.spec.phase for trial in run.trials.values()]
    assert [phases.count(phase) for phase in ("search", *LATER)] == [20, 12, 12, 12, 4]
    assert all(trial.state == "complete" for trial in run.trials.values())
    assert {trial.tested.examples for trial in run.trials.values() if trial.tested} == {200}

    # A replicate that is confirmed is tested on the shifted images as well, of which each has other metrics.
    confirmed = [trial.tested for trial in run.trials.values() if trial.spec.phase == "confirm" and trial.tested]
    assert {(*each.shifted,) for each in confirmed} == {("translate 2", "rotate 15")}
    assert all(metrics["loss"] != each.metrics["loss"] for each in confirmed for metrics in each.shifted.values())

    # The incumbents of the search are tested too, and every look at the test set is in the log.
    tested = [number for number, trial in run.trials.items() if trial.spec.phase == "search" and trial.tested]
    assert tested
    reads = [audit.detail for audit in run.audits if audit.action == "test set read"]
    assert {f"kept model of trial {number}" for number in tested} == {each for each in reads if "kept" in each}

    # Capsule pooling with a single step is average pooling, not max pooling, and a control that says so fails.
    assert "Not valid, because two networks that should be one give different numbers" in done.stdout
    analysis = analyse(read_evidence(run.directory.path))
    views = {view.key: view for _, view in analysis.views()}
    # What takes several runs, and what takes ten complete trials of each arm.
    assert [key for key, view in views.items() if view.command] == ["forest-e2", "importance-path"]
    assert {"routing-0", "disputed", "networks", "shifts"} <= views.keys()
    assert len(views["shifts"].data) == 2 * 3
    page = run.directory.report.read_text(encoding="utf-8")
    assert page.count('<img src="data:image/png;base64,') == sum(len(view.pictures) for view in views.values())
    assert views["disputed"].pictures
    embedded = re.search(r'id="run-0-statistics">(.*?)</script>', page, re.DOTALL)
    assert embedded is not None
    assert json.loads(embedded[1]) == json.loads(json.dumps(analysis.statistics()))
