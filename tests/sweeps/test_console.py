"""What a person sees: one line an event where output is piped, bars on a terminal, and a table at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sweeps.cli.console import Console
from sweeps.records import (
    AnyEvent,
    AttemptLost,
    AttemptStarted,
    Seeds,
    StudyCreated,
    TrialEnded,
    TrialStarted,
    WorkerStarted,
)
from sweeps.summary import ArmSummary, Summary

Read = Callable[[], str]


@pytest.fixture
def read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Read:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return lambda: capsys.readouterr().out


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Read:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return lambda: capsys.readouterr().out


def study(arm: Any, direction: Any = "maximize", budget: int = 2) -> StudyCreated:
    fields: dict[str, Any] = {"sampler": "tpe", "pruner": "median", "seed": 0, "space": {}, "space_digest": ""}
    fields |= {"sampler_settings": {}, "pruner_settings": {}, "startup_trials": 1, "direction": direction}
    return StudyCreated(study=f"s/{arm}", arm=arm, budget=budget, **fields)


def trial(number: int, arm: Any) -> TrialStarted:
    return TrialStarted(
        number=number,
        study=f"s/{arm}",
        arm=arm,
        order=0,
        params={},
        config_hash="",
        shared_hash="",
        sampler_phase="startup",
        epochs=2,
        seeds=Seeds(init=1, order=2, dropout=3, augment=4, split=5),
    )


def end(number: int, value: float | None, state: Any = "complete", reason: str | None = None) -> TrialEnded:
    return TrialEnded(
        number=number,
        attempt=1,
        state=state,
        value=value,
        epochs=2,
        step=2,
        last={},
        best_value=value,
        best_epoch=0,
        reason=reason,
    )


def show(*events: AnyEvent, replayed: tuple[AnyEvent, ...] = ()) -> None:
    with Console() as console:
        for event in replayed:
            console.replay(event)
        for event in events:
            console.show(event)


def test_each_event_a_person_wants_to_know_is_a_line(read: Read) -> None:
    worker = WorkerStarted(
        worker="worker-0",
        node="node",
        pid=1,
        device="gpu 0",
        backend="b",
        versions={},
        deterministic=False,
        seconds=8.25,
    )
    quiet = AttemptStarted(number=0, attempt=1, worker="w", wait_seconds=0.0, concurrency=1)
    show(
        study("max"),
        study("capsule"),
        worker,
        trial(0, "max"),
        quiet,
        end(0, 0.98765),
        trial(1, "capsule"),
        AttemptLost(number=1, attempt=1, worker="w", reason="killed"),
        end(1, None, "failed", "diverged: loss\n  is not finite"),
        trial(2, "max"),
        end(2, 0.5, "pruned"),
    )
    assert read().splitlines() == [
        "worker-0 ready on node (gpu 0) after 8.2 s",
        "[1/4] trial 0 max complete 0.9877 after 2 epochs",
        "trial 1 left its worker: killed",
        "[2/4] trial 1 capsule failed after 2 epochs: diverged: loss is not finite",
        "[3/4] trial 2 max pruned 0.5000 after 2 epochs",
    ]


def test_an_earlier_drivers_events_are_counted_but_not_shown(read: Read) -> None:
    show(trial(1, "max"), end(1, 0.2), replayed=(study("max"), trial(0, "max"), end(0, 0.5)))
    assert read().splitlines() == ["[2/2] trial 1 max complete 0.2000 after 2 epochs"]


@pytest.mark.parametrize(("arm", "word"), [(0, " 0"), (False, " False"), ("", " "), (None, "")])
def test_every_arm_but_none_is_named(arm: Any, word: str, read: Read) -> None:
    show(study(arm), trial(0, arm), end(0, 0.5))
    assert read() == f"[1/2] trial 0{word} complete 0.5000 after 2 epochs\n"


@pytest.mark.parametrize("text", ["[red]x[/red]", "[/]", ":warning: :a:", "a\\", "[bold", "\\[x]", "x" * 500])
def test_text_is_printed_as_it_is(text: str, read: Read) -> None:
    with Console() as console:
        console.say(text)
    assert read() == f"{text}\n"


def test_a_terminal_shows_bars_and_failures(terminal: Read) -> None:
    show(
        study("max"),
        study("[red]", "minimize"),
        trial(0, "max"),
        end(0, 0.25),
        trial(1, "[red]"),
        end(1, 0.75),
        trial(2, "[red]"),
        end(2, 0.5),
        trial(3, "max"),
        end(3, None, "failed", "too big"),
    )
    out = terminal()
    assert "[red]" in out
    assert "2/2" in out
    assert "best 0.2500" in out
    assert "best 0.5000" in out
    assert "trial 3 max failed after 2 epochs: too big" in out
    assert "trial 0" not in out


@pytest.mark.parametrize(
    ("direction", "values", "best"),
    [("maximize", (-0.5, 0.0, -0.25), "0.0000"), ("minimize", (0.5, 0.25, 0.5), "0.2500")],
)
def test_the_bar_shows_the_best_complete_trial(
    direction: str, values: tuple[float, ...], best: str, terminal: Read
) -> None:
    events: list[AnyEvent] = [study("max", direction, 4)]
    for number, value in enumerate(values):
        events += [trial(number, "max"), end(number, value)]
    show(*events, trial(9, "max"), end(9, 9.0 if direction == "maximize" else -9.0, "pruned"))
    assert terminal().rpartition("best ")[2].startswith(best)


def test_the_table_puts_the_arms_side_by_side(read: Read) -> None:
    arms = (
        ArmSummary(
            "capsule",
            3,
            "trials",
            {"complete": 2, "pruned": 1},
            61.4,
            (4, 0.98765, {"pooling": "capsule", "lr": 1 / 3}),
        ),
        ArmSummary("[max]", 9.5, "seconds", {"failed": 1, "running": 2}, 0.0, None),
    )
    Console().table(Summary("a [b] :a:", "running", "val_accuracy", arms, (), None))
    lines = [" ".join(line.split()) for line in read().splitlines() if set(line) - set(" ─")]
    assert lines == [
        "a [b] :a:: best val_accuracy that the search of each arm found",
        "arm complete pruned failed running worker s best trial",
        "capsule 2 1 0 0 61 0.9877 4",
        "[max] 0 0 1 2 0/9.5 - -",
        "trial 4: pooling capsule, lr 0.333",
    ]


def later(number: int, phase: Any) -> TrialStarted:
    return replace(trial(number, "max"), phase=phase, pair_id=f"{phase}:0:{number}")


@pytest.mark.parametrize("unit", ["trials", "seconds"])
def test_a_trial_after_the_search_has_its_line_and_no_part_in_the_budget(read: Read, unit: Any) -> None:
    with Console() as console:
        for event in (replace(study("max"), unit=unit), trial(0, "max"), later(1, "confirm"), later(2, "confirm")):
            console.show(event)
        console.show(AttemptLost(number=1, attempt=1, worker="w", reason="gone", seconds=100.0))
        for event in (end(1, 0.9), replace(end(2, 0.9), test=0.8), later(3, "swap"), end(0, 0.5)):
            console.show(event)
        console.show(end(3, None, "failed", "ValueError: a\n b"))
    spent = "1/2" if unit == "trials" else "1, 0/2 s"
    assert read().splitlines() == [
        "trial 1 left its worker: gone",
        "[confirm 1] trial 1 complete 0.9000",
        "[confirm 2] trial 2 complete 0.8000 on the test set",
        f"[{spent}] trial 0 max complete 0.5000 after 2 epochs",
        "[swap 1] trial 3 failed: ValueError: a b",
    ]


def test_trials_after_the_search_of_an_earlier_driver_are_counted(read: Read) -> None:
    with Console() as console:
        for event in (study("max"), trial(0, "max"), end(0, 0.5), later(1, "confirm"), end(1, 0.9)):
            console.replay(event)
        for event in (later(2, "confirm"), end(2, 0.9)):
            console.show(event)
    assert read().splitlines() == ["[confirm 2] trial 2 complete 0.9000"]


def test_bars_are_of_the_search_alone(terminal: Read) -> None:
    with Console() as console:
        for event in (study("max"), trial(0, "max"), end(0, 0.5), later(1, "confirm"), end(1, 0.9)):
            console.show(event)
    shown = terminal()
    assert "[confirm 1] trial 1 complete 0.9000" in shown
    assert "1/2" in shown
    assert "2/2" not in shown
    assert "best 0.5000" in shown
