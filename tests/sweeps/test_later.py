"""Whole sweeps with everything that comes after the search, with formulas in place of networks."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from reports.export import export_best
from sweeps import driver
from sweeps.artifacts import read_artifact
from sweeps.config import DatasetConfig, SweepConfig
from sweeps.datasets import Dataset, TestSet
from sweeps.drift import apply_changes
from sweeps.errors import ConfigError, SweepHaltedError, SweepStoppedError
from sweeps.history import History, read_run
from sweeps.loop import _events_of
from sweeps.phases import FixedPlan
from sweeps.phases.agenda import trials_of
from sweeps.records import (
    AnyEvent,
    ArtifactWritten,
    AttemptStarted,
    Audited,
    PlanFrozen,
    SweepEnded,
    TrialEnded,
    TrialStarted,
    TrialTested,
)
from sweeps.runlog import RunDirectory, read_events
from sweeps.seeds import VARIED, derive
from sweeps.summary import summarise
from sweeps.warm_start import read_warm_start
from sweeps.workers.inline import InlineWorkers
from sweeps.workers.protocol import Tested
from tests.sweeps.mirror_world import mirrored
from tests.sweeps.test_driver import means, prepared

MakeConfig = Callable[..., SweepConfig]
ASKED: dict[str, Any] = {
    "confirm": {"seeds": 6},
    "swap": {"settings": 6},
    "controls": {"pairs": 1, "sources": 2, "same": [[{}, {"pooling": "capsule", "temperature": 1}]]},
    "cost_probe": 1,
}
PHASES = ["search"] * 6 + ["confirm"] * 12 + ["swap"] * 12 + ["controls"] * 12 + ["cost_probe"] * 2


@pytest.fixture
def sweep(make_config: MakeConfig) -> MakeConfig:
    """A sweep of 6 trials and 30 after them: `sweep("learning", confirm={"seeds": 7})`."""

    def make(formula: str = "learning", *, trials: int = 3, **changes: object) -> SweepConfig:
        return make_config(
            model={"build": f"tests.sweeps.formulas:{formula}"},
            search={"trials": trials, "epochs": 3, "sampler": "random", "pruner": "none"},
            **{**ASKED, **changes},
        )

    return make


@pytest.fixture(autouse=True)
def openings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A test set in place of the digits', and the digests by which it was asked for."""
    found: list[str] = []

    def open_test_set(config: DatasetConfig, *, digest: str) -> TestSet:
        found.append(digest)
        return TestSet(np.zeros((7, 28, 28), np.uint8), np.zeros(7, np.uint8))

    monkeypatch.setattr("sweeps.later.open_test_set", open_test_set)
    monkeypatch.setattr("sweeps.incumbents.Child", Judge)
    return found


class Judge:
    """In place of a process that tests kept models; what a formula leaves as its model is no `.keras` file."""

    def __init__(self, function: str, *, cpus: float) -> None:
        assert function == "sweeps.training.testing:test_kept"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def call(self, build: str, model: bytes, test: TestSet, *, classes: int | None) -> tuple[Any, Any, float]:
        return {"accuracy": derive(model) / 2**31, "loss": 0.5}, {"nll": 0.1}, 0.1


@pytest.fixture
def resume(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> Callable[..., History]:
    """Go on with a run, with changes of its sweep file: `resume(path, {"confirm.seeds": 9})`."""
    monkeypatch.setattr(driver, "_prepare_again", lambda history, config, means: prepared(config, data))

    def again(path: Path, changes: dict[str, object] | None = None, **of_means: Any) -> History:
        return driver.resume(
            RunDirectory(path),
            replace(means(), **of_means),
            replay=lambda event: None,
            change=lambda config: apply_changes(config, changes or {}),
        )

    return again


def run(config: SweepConfig, data: Dataset, path: Path, **of_means: Any) -> History:
    return driver.launch(prepared(config, data), RunDirectory(path), replace(means(), **of_means))


def log_of(path: Path) -> list[AnyEvent]:
    return [event for event, _ in read_events(RunDirectory(path))]


def results(history: History) -> list[tuple[object, ...]]:
    """All that must not depend on interruptions."""
    return [
        (
            number,
            trial.spec.phase,
            trial.spec.pair_id,
            trial.spec.side,
            trial.spec.params,
            trial.spec.seeds,
            trial.state,
            trial.ended and (trial.ended.value, trial.ended.test, trial.ended.epochs),
        )
        for number, trial in sorted(history.trials.items())
    ]


def lines_to(path: Path, *, before: type[AnyEvent]) -> list[bytes]:
    """The lines of a log before its first event of a kind."""
    at = next(place for place, event in enumerate(log_of(path)) if isinstance(event, before))
    return (path / "events.jsonl").read_bytes().splitlines(keepends=True)[:at]


def cut_to(path: Path, lines: list[bytes], *, of: Path) -> Path:
    """A run as a crash may leave it: its log ends early, its files are there."""
    shutil.copytree(of / "artifacts", path / "artifacts")
    (path / "events.jsonl").write_bytes(b"".join(lines))
    return path


def incumbents_of(history: History) -> list[int]:
    return [number for arm in history.plans[-1].plan["incumbents"] for number in arm["trials"]]  # type: ignore[attr-defined]


def told_by_the_test(history: History) -> dict[int, object]:
    return {number: trial.tested.metrics for number, trial in history.trials.items() if trial.tested}


def disputed(history: History) -> bytes | None:
    """The file of the examples that the arms dispute."""
    return read_artifact(history.directory, history.artifacts["disputed"])


def test_the_plan_comes_first_then_phase_after_phase(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, openings: list[str]
) -> None:
    said: list[str] = []
    history = run(sweep(), data, tmp_path / "run", say=said.append)
    assert [trial.spec.phase for _, trial in sorted(history.trials.items())] == PHASES
    assert {trial.state for trial in history.trials.values()} == {"complete"}
    assert history.ended is not None
    assert [type(event) for event in log_of(tmp_path / "run")].count(SweepEnded) == 1
    (plan,) = history.plans
    log = log_of(tmp_path / "run")
    begun = [event for event in log[: log.index(plan)] if isinstance(event, TrialStarted)]
    assert len(begun) == 6 == sum(isinstance(event, TrialEnded) for event in log[: log.index(plan)])
    assert openings == ["digest"]
    champions = [entry["trials"][0] for entry in plan.plan["champions"]]  # type: ignore[attr-defined]
    assert said == [
        f"plan {plan.digest[:12]} frozen; champions: capsule: trial {champions[0]}, max: trial {champions[1]}",
        "confirm: 12 trials",
        "swap: 12 trials",
        "controls: 12 trials",
        "cost_probe: 2 trials",
    ]


@pytest.mark.parametrize(("asked", "said"), [(None, "20 examples"), (7, "7 of 20 examples")])
def test_every_look_at_the_test_set_is_announced_and_none_is_taken_elsewhere(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: int | None, said: str
) -> None:
    shown = asked or 20

    def open_test_set(config: DatasetConfig, *, digest: str) -> TestSet:
        assert read_run(tmp_path / "run").plans
        assert read_run(tmp_path / "run").audits[-1].action == "test set opened"
        return TestSet(np.zeros((shown, 2)), np.zeros(shown))

    monkeypatch.setattr("sweeps.later.open_test_set", open_test_set)
    history = run(sweep(dataset={"name": "digits", "test": asked}), data, tmp_path / "run")
    log = log_of(tmp_path / "run")
    reads = [event.detail for event in log if isinstance(event, Audited) and event.action == "test set read"]
    tested = [event for event in log if isinstance(event, TrialTested)]
    incumbents = incumbents_of(history)
    assert incumbents
    names = {number: f"{'kept model of ' * (number in incumbents)}trial {number}" for number in history.trials}
    assert reads == [names[event.number] for event in tested]
    for event in tested:
        before = [each.detail for each in log[: log.index(event)] if isinstance(each, Audited)]
        assert before[0] == f"{said} of digits, for the confirm phase"
        assert names[event.number] in before
        assert event.examples == shown
    for number, trial in history.trials.items():
        is_confirm = trial.spec.phase == "confirm"
        assert (trial.tested is not None) == (is_confirm or number in incumbents)
        assert trial.ended is not None
        assert (trial.ended.test is not None) == is_confirm
        if is_confirm and trial.tested:
            assert trial.ended.value != trial.ended.test == trial.tested.metrics["accuracy"]


def test_shifted_copies_are_shown_to_confirmed_replicates_alone_and_announced(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History]
) -> None:
    asked = {"seeds": 6, "shifts": {"translate": [1, 2], "rotate": [10]}}
    names = ["translate 1", "translate 2", "rotate 10"]
    history = run(sweep(confirm=asked), data, tmp_path / "run")
    (opened,) = [audit.detail for audit in history.audits if audit.action == "test set opened"]
    assert opened == f"20 examples of digits, and copies of them ({', '.join(names)}), for the confirm phase"
    assert history.plans[0].plan["shifts"] == names
    for trial in history.trials.values():
        if trial.tested:
            shown = [*trial.tested.shifted]
            assert shown == (names if trial.spec.phase == "confirm" else [])
    with pytest.raises(ConfigError, match=r"confirm\.shifts: is .* the plan was frozen by the old one"):
        resume(tmp_path / "run", {"confirm.shifts": {"rotate": [10]}})
    without = run(sweep(), data, tmp_path / "without")
    assert results(without) == results(history)
    assert {number: trial.tested.shifted for number, trial in without.trials.items() if trial.tested} == {
        number: {} for number, trial in history.trials.items() if trial.tested
    }


def test_what_comes_with_a_test_is_kept_before_the_log_says_that_it_was_taken(
    sweep: MakeConfig, data: Dataset, tmp_path: Path
) -> None:
    history = run(sweep(), data, tmp_path / "run", trainer="tests.sweeps.formulas:FilingTrainer")
    log = log_of(tmp_path / "run")
    written = [event for event in log if isinstance(event, ArtifactWritten) and event.kind == "predictions"]
    assert [event.number for event in written] == list(range(6, 18))
    for event in written:
        tested = next(each for each in log if isinstance(each, TrialTested) and each.number == event.number)
        assert log.index(event) < log.index(tested)
        assert event.path == f"artifacts/trial-{event.number:05d}-predictions-{event.digest[:12]}.npz"
        assert read_artifact(history.directory, event) is not None
        assert history.trials[event.number or 0].artifacts["predictions"] == event


def test_an_answer_of_an_attempt_that_counts_no_more_leaves_nothing(sweep: MakeConfig) -> None:
    source = FixedPlan(sweep(), "confirm", [], first_number=6)
    event = TrialTested(number=6, attempt=1, worker="w", metrics={}, examples=7, seconds=1.0)
    nowhere: Any = None
    heard = _events_of(Tested(event, {"predictions.npz": b"stale"}), source, nowhere)
    assert [each for each in heard if source.expects(each)] == []


def cuts(path: Path) -> Iterator[int]:
    """Where to cut a log: after every kind of event of every phase."""
    log, seen = log_of(path), set()
    phases: dict[int, str] = {}
    for place, event in enumerate(log, start=1):
        if isinstance(event, TrialStarted):
            phases[event.number] = event.phase
        phase = phases.get(getattr(event, "number", None) or -1)
        key = (type(event), phase, getattr(event, "epoch", None), getattr(event, "action", None))
        if key not in seen and place > 4:
            seen.add(key)
            yield place


@pytest.mark.parametrize("overlap", [False, True])
def test_a_sweep_cut_off_anywhere_resumes_to_the_same_end(
    sweep: MakeConfig,
    data: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    resume: Callable[..., History],
    overlap: bool,
) -> None:
    monkeypatch.setattr(InlineWorkers, "overlap", overlap)
    whole = run(sweep(), data, tmp_path / "whole")
    lines = (tmp_path / "whole" / "events.jsonl").read_bytes().splitlines(keepends=True)
    places = [*cuts(tmp_path / "whole")]
    assert len(places) > 30
    for place in places:
        path = cut_to(tmp_path / f"cut-{place}", lines[:place], of=tmp_path / "whole")
        before = read_run(path)
        again = resume(path)
        assert results(again) == results(whole), lines[place - 1]
        assert again.ended is not None
        assert [plan.plan["champions"] for plan in again.plans] == [whole.plans[0].plan["champions"]]
        assert len([event for event in log_of(path) if isinstance(event, TrialEnded)]) == len(PHASES)
        for number, trial in before.trials.items():
            if trial.ended:
                assert again.trials[number].attempts == trial.attempts


def test_an_ended_sweep_is_not_run_again(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History], openings: list[str]
) -> None:
    run(sweep(), data, tmp_path / "run")
    before = (tmp_path / "run" / "events.jsonl").read_bytes()
    said: list[str] = []
    resume(tmp_path / "run", say=said.append)
    assert said == ["nothing is left to train"]
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == before
    assert len(openings) == 1


def test_more_seeds_revise_the_plan_and_train_what_is_new(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History]
) -> None:
    first = run(sweep(), data, tmp_path / "run")
    again = resume(tmp_path / "run", {"confirm.seeds": 8})
    assert results(again)[: len(PHASES)] == results(first)
    new = [(trial.spec.phase, trial.spec.pair_id) for number, trial in again.trials.items() if number >= len(PHASES)]
    assert new == [("confirm", "confirm:0:6")] * 2 + [("confirm", "confirm:0:7")] * 2
    one, two = again.plans
    assert (two.revision, two.plan) == (2, {**one.plan, "seeds": 8})
    log = log_of(tmp_path / "run")
    revised = log[log.index(two) - 1]
    assert isinstance(revised, Audited)
    assert (revised.action, revised.detail) == ("plan revised", f"revision 2, {two.digest[:12]}")
    assert [audit.action for audit in again.audits].count("test set opened") == 2
    assert again.ended is not None
    assert results(resume(tmp_path / "run")) == results(again)
    fresh = run(sweep(confirm={"seeds": 8}), data, tmp_path / "fresh")
    of_all = [{str(result[1:]) for result in results(history)} for history in (again, fresh)]
    assert of_all[0] == of_all[1]


def test_more_replicates_of_a_source_train_those_alone(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History]
) -> None:
    first = run(sweep(), data, tmp_path / "run")
    again = resume(tmp_path / "run", {"controls.sources": 3})
    assert results(again)[: len(PHASES)] == results(first)
    new = [trial.spec.pair_id for number, trial in again.trials.items() if number >= len(PHASES)]
    assert new == [f"source:{name}:2" for name in VARIED]
    controls = again.plans[-1].plan["controls"]
    assert (len(again.plans), controls["sources"]) == (2, 3)  # type: ignore[index,call-overload]
    assert again.ended is not None


def test_the_trials_of_each_phase_are_counted_beforehand(sweep: MakeConfig) -> None:
    assert trials_of(sweep()) == dict(Counter(phase for phase in PHASES if phase != "search"))


def test_a_verdict_may_be_asked_for_after_the_search(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History]
) -> None:
    run(sweep(confirm={"seeds": 0}, swap={}, controls={}, cost_probe=0), data, tmp_path / "run")
    assert not read_run(tmp_path / "run").plans
    asked = {"confirm.seeds": 6, "confirm.margin": 0.02, "swap.settings": 6, "confirm.shifts": {"rotate": [5]}}
    history = resume(tmp_path / "run", asked)
    assert [trial.spec.phase for trial in history.trials.values()] == PHASES[:30]
    found = [(plan.revision, plan.plan["margin"], plan.plan["shifts"]) for plan in history.plans]
    assert found == [(1, 0.02, ["rotate 5"])]
    assert {(*trial.tested.shifted,) for trial in history.trials.values() if trial.tested} == {("rotate 5",), ()}
    assert history.ended is not None


RULES: dict[str, object] = {
    "confirm.margin": 0.5,
    "confirm.alpha": 0.04,
    "confirm.rule": "best_mean",
    "confirm.champions": 2,
    "confirm.baseline": "capsule",
    "swap.seeds": 2,
    "controls.same": [],
    "search.trials": 4,
}


@pytest.mark.parametrize("key", RULES)
def test_a_rule_may_change_until_the_plan_is_frozen_and_never_after(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History], key: str
) -> None:
    run(sweep(), data, tmp_path / "run")
    before = (tmp_path / "run" / "events.jsonl").read_bytes()
    with pytest.raises(ConfigError) as refused:
        resume(tmp_path / "run", {key: RULES[key]})
    assert str(refused.value).startswith(f"resume: {key}: is ")
    assert str(refused.value).endswith(
        "; the champions were chosen and the plan was frozen by the old one: launch another sweep"
    )
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == before
    path = cut_to(tmp_path / "cut", lines_to(tmp_path / "run", before=PlanFrozen), of=tmp_path / "run")
    history = resume(path, {key: RULES[key]})
    assert history.ended is not None
    plan, name = history.plans[0].plan, key.partition(".")[2]
    if key == "search.trials":
        assert len(history.searched) == 8
    elif key == "confirm.champions":
        assert len(plan["champions"]) == 4  # type: ignore[arg-type]
    else:
        found = plan if key.startswith("confirm") else plan[key.partition(".")[0]]
        assert found[name] == RULES[key]  # type: ignore[index]


@pytest.mark.parametrize(
    ("key", "value"),
    [("confirm.seeds", 5), ("swap.settings", 5), ("controls.pairs", 0), ("controls.sources", 2), ("cost_probe", 0)],
)
def test_an_amount_may_grow_but_not_shrink(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History], key: str, value: int
) -> None:
    config = sweep(confirm={"seeds": 6, "alpha": 0.2}, controls={"pairs": 1, "sources": 3})
    run(config, data, tmp_path / "run")
    with pytest.raises(ConfigError, match=rf"resume: {key}: is {value}, was \d; it may grow but not shrink$"):
        resume(tmp_path / "run", {key: value})


def test_whoever_counts_or_uses_the_trials_of_a_search_sees_no_other(
    sweep: MakeConfig, data: Dataset, tmp_path: Path
) -> None:
    nothing: dict[str, Any] = {"confirm": {}, "swap": {}, "controls": {}, "cost_probe": 0}
    alone, whole = (
        run(sweep(**changes), data, tmp_path / name) for name, changes in (("alone", nothing), ("whole", {}))
    )
    one, other = summarise(alone), summarise(whole)
    assert [replace(arm, seconds=0) for arm in one.arms] == [replace(arm, seconds=0) for arm in other.arms]
    assert sum(arm.seconds for arm in other.arms) == pytest.approx(18e-6)
    assert mirrored(tmp_path / "whole", f"sqlite:///{tmp_path / 'studies.db'}") == 6
    config = sweep().model_copy(
        update={"search": sweep().search.model_copy(update={"warm_start": (str(tmp_path / "whole"),)})}
    )
    known, _ = read_warm_start(config, digest="digest")
    assert [trial.number for trial in known] == list(range(6))
    best = [
        [path.name for path in export_best(history, top=9, folder=tmp_path / name)]
        for name, history in (("a", alone), ("b", whole))
    ]
    assert best[0] == best[1]


@pytest.mark.parametrize("amounts", [{}, {"confirm": {}}])
def test_nothing_is_compared_where_an_arm_has_no_complete_trial(
    sweep: MakeConfig,
    data: Dataset,
    tmp_path: Path,
    resume: Callable[..., History],
    openings: list[str],
    amounts: dict[str, Any],
) -> None:
    said: list[str] = []
    history = run(sweep("raising", faults={"same_error": 0}, **amounts), data, tmp_path / "run", say=said.append)
    assert said == ["nothing is compared: it takes a complete trial of max, the baseline, and one of another arm"]
    assert (len(history.trials), history.plans, openings) == (6, [], [])
    assert history.ended is not None
    resume(tmp_path / "run", say=said.append)
    assert said[1:] == ["nothing is left to train"]


def test_a_champion_that_always_fails_halts_the_sweep_which_goes_on_when_it_is_mended(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resume: Callable[..., History]
) -> None:
    monkeypatch.setenv("CAPSWEEP_TEST_MARK", str(tmp_path / "mark"))
    message = r"small/max: 3 trials in a row \(7, 9, 11\) failed by the same error, ValueError: planted later"
    with pytest.raises(SweepHaltedError, match=message):
        run(sweep("failing_later", faults={"same_error": 3}), data, tmp_path / "run")
    assert read_run(tmp_path / "run").ended is None
    (tmp_path / "mark").touch()
    history = resume(tmp_path / "run")
    failed = [number for number, trial in history.trials.items() if trial.state == "failed"]
    assert failed == [7, 9, 11]
    assert [trial.spec.phase for _, trial in sorted(history.trials.items())] == PHASES
    assert history.ended is not None


def test_a_worker_that_dies_at_a_test_costs_an_attempt_and_no_trial(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAPSWEEP_TEST_MARK", str(tmp_path / "mark"))
    config = sweep("dying_at_test", workers={"count": 2, "gpus": 0})
    whole = run(sweep(), data, tmp_path / "whole")
    history = driver.launch(prepared(config, data), RunDirectory(tmp_path / "run"), means(inline=False))
    (lost,) = history.lost
    trial = history.trials[lost.number]
    assert (trial.spec.phase, [attempt.attempt for attempt in trial.attempts]) == ("confirm", [1, 2])
    by_key = [
        {(trial.spec.pair_id, trial.spec.arm, trial.spec.side, trial.spec.seeds): trial.ended and trial.ended.value}
        for each in (whole, history)
        for trial in each.trials.values()
    ]
    assert sorted(map(str, by_key[: len(PHASES)])) == sorted(map(str, by_key[len(PHASES) :]))
    audits = [audit.detail for audit in history.audits if audit.detail.startswith("trial ")]
    assert sorted(audits) == sorted([f"trial {number}" for number in range(6, 18)] + [f"trial {lost.number}"])
    alone = [trial.number for trial in history.trials.values() if trial.spec.phase == "cost_probe"]
    assert [history.trials[number].attempts[0].concurrency for number in alone] == [1, 1]


@pytest.mark.parametrize("retries", [0, 1])
def test_a_trial_that_raises_at_its_test_has_failed(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, retries: int
) -> None:
    history = run(sweep("untestable", faults={"same_error": 0, "retries": retries}), data, tmp_path / "run")
    confirm = [trial for trial in history.trials.values() if trial.spec.phase == "confirm"]
    assert {(trial.state, len(trial.attempts), trial.tested) for trial in confirm} == {("failed", 1 + retries, None)}
    assert {trial.ended and trial.ended.reason for trial in confirm} == {"ValueError: planted at the test"}
    assert sum(audit.detail.startswith("trial ") for audit in history.audits) == 12 * (1 + retries)
    others = {trial.state for trial in history.trials.values() if trial.spec.phase != "confirm"}
    assert others == {"complete"}


def interrupting(wanted: Callable[[AnyEvent], bool]) -> Callable[[AnyEvent], None]:
    """Ctrl-C, once, at the first event that is wanted."""
    waiting = [True]

    def on_event(event: AnyEvent) -> None:
        if waiting and wanted(event):
            waiting.clear()
            os.kill(os.getpid(), signal.SIGINT)

    return on_event


@pytest.mark.parametrize("last", [0, 5])
def test_a_search_that_is_stopped_freezes_no_plan_not_even_with_its_last_trial(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History], openings: list[str], last: int
) -> None:
    on_event = interrupting(lambda event: isinstance(event, TrialEnded) and event.number == last)
    with pytest.raises(SweepStoppedError):
        run(sweep(), data, tmp_path / "run", on_event=on_event)
    stopped = read_run(tmp_path / "run")
    assert (stopped.plans, stopped.audits, openings) == ([], [], [])
    assert stopped.stopped is not None
    more = resume(tmp_path / "run", {"search.trials": 4})
    assert len(more.searched) == 8
    assert more.ended is not None


def test_a_sweep_that_is_stopped_after_the_plan_opens_no_test_set(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History], openings: list[str]
) -> None:
    with pytest.raises(SweepStoppedError):
        run(sweep(), data, tmp_path / "run", on_event=interrupting(lambda event: isinstance(event, PlanFrozen)))
    assert (len(read_run(tmp_path / "run").plans), openings) == (1, [])
    assert [trial.spec.phase for trial in resume(tmp_path / "run").trials.values()] == PHASES


@pytest.mark.parametrize("phase", ["confirm", "swap", "controls", "cost_probe"])
def test_a_phase_that_is_stopped_goes_on_where_it_was(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History], phase: str
) -> None:
    whole = run(sweep(), data, tmp_path / "whole")
    numbers = [number for number, trial in whole.trials.items() if trial.spec.phase == phase]
    on_event = interrupting(lambda event: isinstance(event, AttemptStarted) and event.number == numbers[1])
    with pytest.raises(SweepStoppedError):
        run(sweep(faults={"checkpoint_every": 1}), data, tmp_path / "run", on_event=on_event)
    stopped = read_run(tmp_path / "run")
    assert [trial.spec.phase for trial in stopped.trials.values()] == PHASES[: numbers[1] + 1]
    again = resume(tmp_path / "run")
    assert results(again) == results(whole)
    assert [attempt.epoch for attempt in again.trials[numbers[1]].attempts] == [0, 1]
    opened = [audit.action for audit in again.audits].count("test set opened")
    assert opened == (2 if phase == "confirm" else 1)
    assert [key for key, _ in groupby(trial.spec.phase for trial in again.trials.values())] == [
        "search",
        "confirm",
        "swap",
        "controls",
        "cost_probe",
    ]


ALONE: dict[str, Any] = {"swap": {}, "controls": {}, "cost_probe": 0}
FILING = "tests.sweeps.formulas:FilingTrainer"


@pytest.mark.parametrize("others", [{}, ALONE], ids=["before the swaps", "at the end"])
@pytest.mark.parametrize("trainer", [FILING, "tests.sweeps.formulas:FilingUnsaveable"])
def test_what_follows_the_confirmation_is_made_up_for_after_a_crash_between_any_two_events(
    sweep: MakeConfig,
    data: Dataset,
    tmp_path: Path,
    resume: Callable[..., History],
    trainer: str,
    others: dict[str, Any],
) -> None:
    whole = run(sweep(**others), data, tmp_path / "whole", trainer=trainer)
    log = log_of(tmp_path / "whole")
    lines = (tmp_path / "whole" / "events.jsonl").read_bytes().splitlines(keepends=True)
    incumbents = incumbents_of(whole)
    begin = next(
        place for place, event in enumerate(log, start=1) if isinstance(event, TrialEnded) and event.number == 17
    )
    each = [Audited, TrialTested] * len(incumbents) + [Audited, ArtifactWritten]
    assert [type(event) for event in log[begin : begin + len(each)]] == each
    assert len(incumbents) == (0 if trainer.endswith("Unsaveable") else 3)
    for place in range(begin, begin + len(each) + 1):
        path = cut_to(tmp_path / f"cut-{place}", lines[:place], of=tmp_path / "whole")
        again = resume(path, trainer=trainer)
        assert results(again) == results(whole)
        assert told_by_the_test(again) == told_by_the_test(whole)
        assert disputed(again) == disputed(whole) is not None
        reads = [audit.detail for audit in again.audits if audit.action == "test set read"]
        unheard = log[place - 1]
        for name in {audit.detail for audit in whole.audits if audit.action == "test set read"}:
            assert reads.count(name) == 1 + (isinstance(unheard, Audited) and unheard.detail == name)
        tested = [event.number for event in log_of(path) if isinstance(event, TrialTested)]
        assert tested == [*range(6, 18), *incumbents]
        ended = (path / "events.jsonl").read_bytes()
        resume(path, trainer=trainer)
        assert (path / "events.jsonl").read_bytes() == ended, "nothing is owed any more"


@pytest.mark.parametrize("others", [{}, ALONE], ids=["of the cost probes", "of the confirmation"])
def test_the_result_of_the_very_last_trial_is_made_up_for_after_a_crash(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History], others: dict[str, Any]
) -> None:
    unsaveable = "tests.sweeps.formulas:Unsaveable"  # no kept model is owed a test
    whole = run(sweep(**others), data, tmp_path / "whole", trainer=unsaveable)
    last = max(place for place, event in enumerate(log_of(tmp_path / "whole")) if isinstance(event, TrialEnded))
    lines = (tmp_path / "whole" / "events.jsonl").read_bytes().splitlines(keepends=True)
    path = cut_to(tmp_path / "cut", lines[:last], of=tmp_path / "whole")
    again = resume(path, trainer=unsaveable)
    assert results(again) == results(whole)
    assert again.ended is not None


def test_pictures_that_are_drawn_anew_leave_the_old_ones_to_a_log_that_ends_before(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History]
) -> None:
    first = disputed(run(sweep(), data, tmp_path / "run", trainer=FILING))
    second = disputed(resume(tmp_path / "run", {"confirm.seeds": 8}, trainer=FILING))
    assert first != second
    log = log_of(tmp_path / "run")
    last = max(place for place, event in enumerate(log) if isinstance(event, ArtifactWritten) and event.number is None)
    lines = (tmp_path / "run" / "events.jsonl").read_bytes().splitlines(keepends=True)
    path = cut_to(tmp_path / "cut", lines[:last], of=tmp_path / "run")
    assert disputed(read_run(path)) == first
    assert disputed(resume(path, trainer=FILING)) == second


def test_pictures_that_are_gone_are_drawn_again_and_whole_ones_are_not(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History], openings: list[str]
) -> None:
    first = run(sweep(), data, tmp_path / "run", trainer=FILING)
    payload = disputed(first)
    resume(tmp_path / "run", {"swap.settings": 7}, trainer=FILING)
    assert len(openings) == 1, "no replicate was confirmed since, so the test set stays closed"
    (tmp_path / "run" / first.artifacts["disputed"].path).unlink()
    assert disputed(resume(tmp_path / "run", trainer=FILING)) == payload
    assert len(openings) == 2


def test_added_seeds_are_fresh_and_a_resume_without_a_change_does_nothing(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, resume: Callable[..., History], openings: list[str]
) -> None:
    first = run(sweep(trials=9), data, tmp_path / "run", trainer=FILING)
    again = resume(tmp_path / "run", {"confirm.seeds": 9}, trainer=FILING)
    used, added = [
        [set(astuple(replace(trial.spec.seeds, split=-1))) - {-1} for trial in history.trials.values() if wanted(trial)]
        for history, wanted in ((first, lambda trial: True), (again, lambda trial: trial.number >= len(first.trials)))
    ]
    assert len(added) == 6
    assert all(len(seeds) == 4 for seeds in added)
    assert not set.union(*used) & set.union(*added)
    by_pair = {again.trials[number].spec.pair_id for number in again.trials if number >= len(first.trials)}
    assert by_pair == {"confirm:0:6", "confirm:0:7", "confirm:0:8"}
    assert len(set.union(*added)) == 4 * len(by_pair), "the two of a pair share their seeds, and nobody else does"
    before, opened = (tmp_path / "run" / "events.jsonl").read_bytes(), len(openings)
    said: list[str] = []
    resume(tmp_path / "run", trainer=FILING, say=said.append)
    assert said == ["nothing is left to train"]
    assert ((tmp_path / "run" / "events.jsonl").read_bytes(), len(openings)) == (before, opened)
