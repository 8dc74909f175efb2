"""Figures as specifications: what they contain, not how they look."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from reports import captions, figures
from reports.parallel import parallel_coordinates
from reports.placing import thinned
from reports.rollup import ranked
from reports.tables import tables
from reports.theme import plain, styles, tick
from reports.views import look_of, views

PLAIN = {"pooling": "max", "pool_size": 3, "learning_rate": 2.0e-3}


@pytest.fixture
def shown(mixed):
    run = mixed.read()
    return {view.key: view for view in views(run.config, tables(run))}


def named(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.name == name]


def values(array: object) -> list[float]:
    return [float(value) for value in np.asarray(array)]


def contrast(colour: str, other: str) -> float:
    def luminance(text: str) -> float:
        parts = [int(text[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    high, low = sorted((luminance(colour), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_views_come_in_reading_order(shown) -> None:
    assert list(shown) == [
        "best", "progress-trials", "progress-seconds", "curves",
        "parameter-0", "parameter-1", "parameter-2", "parameter-3", "ranks", "parallel",
    ]  # fmt: skip
    assert [view.title for view in shown.values() if view.group] == [
        "pool_size", "routing_steps", "temperature", "learning_rate",
    ]  # fmt: skip


def test_every_complete_trial_is_a_point_and_the_best_is_ringed(shown) -> None:
    figure = shown["best"].figure
    assert [sorted(values(trace.y)) for trace in figure.data] == [
        [0.90, 0.94], [0.94], [0.85, 0.89], [0.89], [0.88], [0.88],
    ]  # fmt: skip
    assert figure.data[1].text == ("0.9400",)
    assert figure.layout.xaxis.ticktext == ("capsule<br>n = 2", "max<br>n = 2", "average<br>n = 1")
    assert figure.layout.xaxis.title.text == "pooling"
    assert "best of 2" in shown["best"].caption
    assert "unequal chances (capsule 3, max 3 and average 1 ended trials)" in shown["best"].caption


def test_best_so_far_is_a_staircase_with_the_smallest_spend_marked(shown) -> None:
    figure = shown["progress-trials"].figure
    assert [(values(trace.x), values(trace.y)) for trace in figure.data] == [
        ([1, 3], [0.90, 0.94]),
        ([1, 2, 3], [0.85, 0.89, 0.89]),
        ([1], [0.88]),
    ]
    assert {trace.line.shape for trace in figure.data} == {"hv"}
    assert figure.layout.shapes[0].x0 == 1
    assert figure.layout.annotations[0].text == "smallest spend: 1 trial"
    assert "At 1 ended trial an arm" in shown["progress-trials"].caption
    assert "capsule 0.9000, max 0.8500 and average 0.8800" in shown["progress-trials"].caption


def test_best_so_far_by_worker_time_names_its_unit(shown) -> None:
    figure = shown["progress-seconds"].figure
    assert values(figure.data[0].x) == [7, 19]
    assert figure.layout.xaxis.title.text == "worker time of the arm (s)"
    assert figure.layout.shapes[0].x0 == 7


def test_learning_curves_are_one_trace_a_group(shown) -> None:
    figure = shown["curves"].figure
    best = [trace for trace in named(figure, "max") if trace.showlegend]
    assert len(best) == 1
    assert values(best[0].y) == [0.6, 0.7, 0.89]
    others = [trace for trace in figure.data if trace.name == "capsule" and not trace.showlegend]
    assert [values(trace.y) for trace in others] == [[0.3, 0.95], [0.5, 0.8, 0.90]]
    pruned = named(figure, "pruned here")[0]
    assert (values(pruned.x), values(pruned.y)) == ([2], [0.95])


def test_curves_of_one_trace_are_kept_apart(writer) -> None:
    run = writer()
    for _ in range(3):
        run.trial(PLAIN, [0.1, 0.2])
    run = run.read()
    figure = next(view.figure for view in views(run.config, tables(run)) if view.key == "curves")
    x = next(trace.x for trace in figure.data if trace.name == "max" and not trace.showlegend and len(trace.x))
    assert [None if math.isnan(place) else place for place in values(x)] == [1, 2, None, 1, 2]


def test_a_parameter_shows_pruned_trials_hollow(shown) -> None:
    figure = shown["parameter-0"].figure
    assert [trace.name for trace in figure.data] == ["capsule", "capsule, pruned", "max", "average"]
    assert figure.data[1].marker.symbol == "circle-open"
    assert values(figure.data[1].y) == [0.95]
    assert np.round(values(figure.data[2].x)).tolist() == [3, 4]  # spread sideways, never to another value


def test_a_logarithmic_domain_has_a_logarithmic_axis(shown) -> None:
    axis = shown["parameter-2"].figure.layout.xaxis
    assert axis.type == "log"
    assert (axis.range[0] < -1, axis.range[1] > 1) == (True, True)
    assert shown["parameter-0"].figure.layout.xaxis.type == "linear"


def test_a_conditional_parameter_says_where_it_does_not_apply(shown) -> None:
    assert "temperature does not apply to 5 of 8 trials" in shown["parameter-2"].caption
    assert sum(len(trace.x) for trace in shown["parameter-2"].figure.data) == 3  # two complete, one pruned


def test_parallel_coordinates_draw_absence_apart_from_every_value(shown) -> None:
    figure = shown["parallel"].figure
    heights = np.array(values(named(figure, "max")[-1].y)).reshape(2, 6)
    assert heights[:, 0].tolist() == [1.0, 0.5]  # pool_size 4 and 3 of 2..4
    assert (heights[:, 1:3] < -0.1).all()  # routing_steps, temperature
    assert np.isnan(heights[:, 5]).all()
    capsule = np.array(values(named(figure, "capsule")[-1].y)).reshape(2, 6)
    assert capsule[:, 2:4].tolist() == [[0.5, 0.5], [0.5, 0.5]]  # the middle of a logarithmic scale: 1 and 0.001
    assert "absent" in figure.data[-1].text
    assert figure.layout.xaxis.ticktext[-1] == "val_accuracy"


def test_parallel_coordinates_are_two_traces_an_arm(shown) -> None:
    assert len(shown["parallel"].figure.data) == 2 * 3 + 1


def test_an_arm_looks_the_same_in_every_figure(shown) -> None:
    seen = {}
    for key in ("progress-trials", "curves", "parallel"):
        for trace in shown[key].figure.data:
            if trace.name in ("capsule", "max", "average") and trace.mode == "lines+markers":
                look = (trace.line.color, trace.line.dash, trace.marker.symbol)
                assert seen.setdefault(trace.name, look) == look
    assert len(set(seen.values())) == 3


def test_arms_can_be_told_apart_without_colour_and_read_on_both_grounds() -> None:
    looks = list(styles([str(number) for number in range(12)]).values())
    assert len({(style.symbol, style.dash) for style in looks}) == 12
    for style in looks:
        assert contrast(style.colour, "#ffffff") >= 3
        assert contrast(style.colour, "#14181d") >= 3


def test_every_axis_is_named(shown) -> None:
    for key, view in shown.items():
        if key != "parallel":
            assert view.figure.layout.xaxis.title.text
            assert view.figure.layout.yaxis.title.text


def test_more_trials_than_can_be_drawn_keep_the_best_and_say_so() -> None:
    frame = pd.DataFrame({"number": range(5000), "value": np.linspace(0, 1, 5000), "state": "complete"})
    shown = thinned(frame, "maximize")
    assert len(shown) == 1000
    assert set(range(4900, 5000)) <= set(shown["number"])
    assert 0 in set(shown["number"])
    assert shown["number"].is_unique


def test_the_caption_says_how_many_are_shown(mixed) -> None:
    run = mixed.read()
    trials = tables(run).trials
    many = pd.concat([trials[trials["state"] == "complete"]] * 500, ignore_index=True)
    assert "Showing 1,000 of 2,500." in captions.parallel(many, look_of(run.config))
    assert len(ranked(many, direction="maximize")) == 2500
    drawn = parallel_coordinates(many, {}, look_of(run.config)).data[:-1]
    assert sum(len(trace.x) for trace in drawn) == 1000 * 2


def test_less_is_best_when_minimizing(writer) -> None:
    run = writer({"objective": {"metric": "val_loss", "direction": "minimize"}})
    run.trial(PLAIN, [0.5])
    run.trial(PLAIN, [0.2])
    run = run.read()
    view = next(views(run.config, tables(run)))
    assert "Lowest val_loss among complete trials: capsule none yet, max 0.2000 (trial 1, best of 2)" in view.caption
    assert view.figure.data[3].text == ("0.2000",)


def test_text_of_a_run_becomes_literal_figure_text() -> None:
    assert plain("<b>a & b</b>") == "&lt;b&gt;a &amp; b&lt;/b&gt;"
    assert len(plain("x" * 10_000)) == 80


def test_the_label_of_a_tick_is_in_short_lines_and_literal() -> None:
    assert tick("capsule") == "capsule"
    assert tick("max pool of <b> & strides") == "max pool of<br>&lt;b&gt; &amp;<br>strides"
    assert tick("x" * 10_000).split("<br>") == ["x" * 12] * 6 + ["x" * 7 + "…"]
    assert tick(" ") == ""


def test_pure(mixed) -> None:
    run = mixed.read()
    frames = tables(run)
    before = frames.trials.copy(), frames.progress.copy()
    once = [view.figure.to_json() for view in views(run.config, frames)]
    again = [view.figure.to_json() for view in views(run.config, frames)]
    assert once == again
    pd.testing.assert_frame_equal(frames.trials, before[0])
    pd.testing.assert_frame_equal(frames.progress, before[1])


def test_improvements_end_at_the_last_trial_an_arm_has_spent() -> None:
    frame = pd.DataFrame({"best": [np.nan, 0.5, 0.5, 0.5], "best_number": pd.array([None, 1, 1, 1], dtype="Int64")})
    assert list(figures.improvements(frame).index) == [1, 3]
