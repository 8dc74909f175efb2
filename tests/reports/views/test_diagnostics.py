"""Timeline, states, repeats and failures."""

from __future__ import annotations

import pytest

from reports.views import diagnostics
from tests.reports.views.conftest import HOSTILE, as_json, drawn, evidence, permuted

STUDY = {
    "study": "t/capsule",
    "arm": "capsule",
    "budget": 60,
    "unit": "trials",
    "cohort": 20,
    "sampler": "tpe",
    "sampler_settings": {"startup_trials": 10, "multivariate": True},
    "pruner": "median",
    "pruner_settings": {},
    "startup_trials": 10,
}


def trial(start, end, worker="w0", arm="capsule", value=0.9, **row):
    return {"arm": arm, "value": value, "started": start, "ended": end, "worker": worker, **row}


def views(made):
    return {view.key: view for view in diagnostics.draw(diagnostics.analyse(made), made)}


def test_the_timeline_has_a_span_a_trial_by_worker() -> None:
    rows = [
        trial(0.0, 4.0),
        trial(0.0, 3.0, "w1", state="pruned"),
        trial(5.0, 10.0, "w1", phase="confirm"),
        trial(4.0, None, "w0", state="running", seconds=2.0, value=None),
        trial(9.0, None, None, state="running", value=None),
    ]
    line = diagnostics.analyse(evidence(rows)).timeline
    assert line.workers == ["w0", "w1"]
    assert [(span.number, span.worker, span.state, span.start, span.end) for span in line.spans] == [
        (0, 0, "complete", 0.0, 4.0),
        (1, 1, "pruned", 0.0, 3.0),
        (3, 0, "running", 4.0, 10.0),  # as far as the log goes
        (2, 1, "complete", 5.0, 10.0),
    ]
    assert (line.trials, line.waiting, line.seconds) == (4, 1, 10.0)
    assert line.busy == pytest.approx((4 + 3 + 6 + 5) / 20)


def test_a_running_trial_lasts_at_least_as_long_as_it_has_trained() -> None:
    rows = [trial(0.0, 4.0), trial(1.0, None, "w1", state="running", seconds=9.0, value=None)]
    assert diagnostics.analyse(evidence(rows)).timeline.spans[1].end == 10.0


def test_one_trace_a_state_and_no_more_bars_than_are_drawn() -> None:
    rows = [trial(float(n), n + 1.0, f"w{n % 3}", state=("complete", "pruned")[n % 2]) for n in range(2500)]
    made = evidence(rows)
    shown = views(made)["diagnostics-timeline"]
    assert [trace.name for trace in shown.figure.data] == ["complete", "pruned"]
    assert drawn(shown.figure) == 1000
    assert "Showing 1,000 of 2,500." in shown.caption
    assert diagnostics.analyse(made).timeline.busy == pytest.approx(2500 / (3 * 2500))  # of all, not of the drawn


def test_states_by_study_and_phase_with_the_settings() -> None:
    rows = [trial(0.0, 1.0), trial(1.0, 2.0, state="failed"), trial(2.0, 3.0, phase="confirm")]
    made = evidence([*rows, trial(3.0, 4.0, arm="max")], studies=[STUDY])
    found = [(each.phase, each.study, each.states, each.sampler) for each in diagnostics.analyse(made).studies]
    none = {"pruned": 0, "running": 0}
    assert found == [
        ("search", "t/capsule", {"complete": 1, "failed": 1, **none}, "tpe (startup_trials=10, multivariate=True)"),
        ("confirm", "t/capsule", {"complete": 1, "failed": 0, **none}, ""),
        ("search", "t/max", {"complete": 1, "failed": 0, **none}, ""),
    ]
    view = views(made)["diagnostics-states"]
    assert list(view.data.columns[3:7]) == ["complete", "pruned", "failed", "running"]
    assert view.data.iloc[0, 3:].tolist()[:4] == [1, 0, 1, 0]
    assert view.data["budget of an arm"][0] == "60 trials"
    assert "Chosen by tpe (startup_trials=10, multivariate=True). Stopped by median." in view.caption


def test_repeats_are_counted_by_arm_and_of_the_search_alone() -> None:
    rows = [trial(0.0, 1.0, config_hash="a", value=value) for value in (0.8, 0.9)]
    rows += [trial(0.0, 1.0, config_hash="a", state="pruned", value=0.1), trial(0.0, 1.0, config_hash="b")]
    rows += [trial(0.0, 1.0, config_hash="a", arm="max"), trial(0.0, 1.0, config_hash="b", phase="confirm")]
    result = diagnostics.analyse(evidence(rows))
    assert [(each.arm, each.times, each.configs) for each in result.repeats] == [
        ("capsule", [1, 3], [1, 1]),
        ("max", [1], [1]),
    ]
    (repeat,) = result.repeated
    assert (repeat.arm, repeat.config, repeat.trials, repeat.scored) == ("capsule", "a", 3, 2)
    assert (repeat.mean, repeat.sd) == (pytest.approx(0.85), pytest.approx(0.1 / 2**0.5))


def test_failures_are_listed_by_reason() -> None:
    rows = [trial(0.0, 1.0, state="failed", reason=reason) for reason in ("B: x", "A: y", "B: x")]
    shown = views(evidence(rows))["diagnostics-failures"]
    assert list(shown.figure.data[0].x) == [2, 1]
    assert shown.caption.startswith("3 failed trials for 2 reasons; the commonest, B: x, 2 times (of capsule).")


def test_every_view_says_what_it_is_for() -> None:
    rows = [
        trial(0.0, 1.0, config_hash="a"),
        trial(1.0, 2.0, config_hash="a"),
        trial(2.0, 3.0, state="failed", reason="x"),
    ]
    shown = views(evidence(rows))
    assert len(shown) == 4
    assert all(view.caption.endswith("For debugging the sweep, not for comparing arms.") for view in shown.values())


def test_without_repeats_or_failures_there_is_no_view_of_them() -> None:
    assert list(views(evidence([trial(0.0, 1.0)]))) == ["diagnostics-timeline", "diagnostics-states"]


def test_an_empty_run_and_one_that_waits() -> None:
    (view,) = views(evidence([])).values()
    assert (view.figure, view.command) == (None, "capsweep resume RUN")
    made = evidence([trial(0.0, None, None, state="running", value=None)])
    as_json(diagnostics.analyse(made))
    assert list(views(made)) == ["diagnostics-states"]


def test_the_order_of_rows_does_not_matter_beyond_names() -> None:
    made = evidence([trial(float(n), n + 1.5, f"w{n % 2}", config_hash=f"c{n % 7}") for n in range(20)])
    assert as_json(diagnostics.analyse(made)) == as_json(diagnostics.analyse(permuted(made)))


def test_hostile_names_are_literal() -> None:
    rows = [
        trial(0.0, 1.0, worker=text, arm=text, study=text, config_hash=text, state=state, reason=text)
        for text in HOSTILE
        for state in ("complete", "complete", "failed")
    ]
    studies = [{**STUDY, "study": text, "sampler": text, "sampler_settings": {text: text}} for text in HOSTILE]
    made = evidence(rows, sweep={"space": {"pooling": list(HOSTILE), "size": [1, 2]}}, studies=studies)
    shown = views(made)
    text = "".join(view.figure.to_json() for view in shown.values())
    assert len(shown) == 4
    assert "\\u003cscript" not in text
    assert "\\u003cb\\u003e" not in text
    assert "x" * 100 not in text
    assert all(len(view.caption) < 1500 for view in shown.values())
