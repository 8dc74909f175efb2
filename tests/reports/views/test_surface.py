"""Means over the parameters that one arm has to itself."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports.views import surface
from reports.views.bins import bins_of
from search_spaces import Choice, Float, Int
from tests.reports.views.conftest import HOSTILE, as_json, drawn, evidence, permuted


def capsule(steps, temperature, value, **row):
    return {
        "arm": "capsule",
        "value": value,
        "param.pooling": "capsule",
        "param.routing_steps": steps,
        "param.temperature": temperature,
        **row,
    }


def rows(trials=40, *, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        steps, temperature = int(rng.integers(2, 6)), float(10 ** rng.uniform(-1, 1))
        yield capsule(steps, temperature, 0.9 + 0.01 * steps + rng.normal(0, 0.001))
        yield {"arm": "max", "value": 0.5, "param.pooling": "max"}


def views(made):
    return {view.key: view for view in surface.draw(surface.analyse(made), made)}


def test_cells_have_their_count_mean_and_error_and_empty_ones_are_not_there() -> None:
    made = evidence([capsule(2, 0.1, 0.90), capsule(2, 0.11, 0.94), capsule(5, 10.0, 0.80), capsule(2, 3.0, 0.7)])
    (found,) = surface.analyse(made).surfaces
    assert (found.x.param, found.y.param, found.n) == ("temperature", "routing_steps", 4)
    assert [(cell.x, cell.y, cell.n) for cell in found.cells] == [(0, 0, 2), (4, 0, 1), (5, 3, 1)]
    assert found.cells[0].mean == pytest.approx(0.92)
    assert found.cells[0].error == pytest.approx(0.02)
    assert found.cells[1].error is None
    (heatmap,) = views(made)["surface-0"].figure.data
    assert sum(value is not None for row in heatmap.z for value in row) == 3
    assert heatmap.text[0][0] == "0.9200<br>±0.02<br>n = 2"
    assert heatmap.text[1][0] == ""


def test_lines_have_t_intervals_and_a_trend() -> None:
    made = evidence(rows())
    steps, temperature = surface.analyse(made).lines
    assert steps.n == 40
    assert [point.bin for point in steps.points] == [0, 1, 2, 3]
    assert steps.trend.rho > 0.9
    assert temperature.trend.low < 0 < temperature.trend.high
    point = steps.points[0]
    assert point.low < point.mean < point.high
    assert point.mean == pytest.approx(0.92, abs=0.001)
    shown = views(made)
    assert "val_accuracy rises with routing_steps" in shown["surface-line-0"].caption
    assert "no trend is clear" in shown["surface-line-1"].caption


def test_the_ends_of_a_domain_stand_beside_the_rest_of_it() -> None:
    made = evidence(rows())
    steps, temperature = surface.analyse(made).lines
    trials = made.trials("search").query("arm == 'capsule'")
    for limit, at in zip(steps.limits, (2, 5), strict=True):
        there = trials["param.routing_steps"] == at
        expected = stats.ttest_ind(trials.loc[~there, "value"], trials.loc[there, "value"], equal_var=False)
        interval = expected.confidence_interval(0.95)
        assert (limit.n, limit.others) == (there.sum(), (~there).sum())
        assert (limit.low, limit.high) == pytest.approx((interval.low, interval.high))
    assert steps.limits[0].low > 0 > steps.limits[1].high
    assert [limit.bin for limit in temperature.limits] == [0, 5]
    caption = views(made)["surface-line-0"].caption
    low = steps.limits[0]
    assert f"from 2 (n = {low.n}) by +{low.difference:.3g} [+{low.low:.3g} to +{low.high:.3g}]" in caption
    assert "the mean of all others" in caption.lower()


def test_an_end_that_hardly_any_trial_went_to_is_beside_nothing() -> None:
    made = evidence([capsule(2, 0.1, 0.90), capsule(3, 0.11, 0.94), capsule(3, 10.0, 0.80), capsule(5, 3.0, 0.7)])
    steps, temperature = surface.analyse(made).lines
    assert steps.limits == []
    assert [(limit.bin, limit.n, limit.others) for limit in temperature.limits] == [(0, 2, 2)]
    assert "all others" not in views(made)["surface-line-0"].caption


def test_the_trend_has_the_published_interval() -> None:
    steps, values = [2, 3, 4, 5], [0.1, 0.3, 0.2, 0.4]
    made = evidence([capsule(a, 1.0, b) for a, b in zip(steps * 5, values * 5, strict=True)])
    trend = surface.analyse(made).lines[0].trend
    assert trend.rho == pytest.approx(0.8)
    half = 1.959963984540054 * math.sqrt(1.32 / 17)
    assert (trend.low, trend.high) == pytest.approx(
        (math.tanh(math.atanh(0.8) - half), math.tanh(math.atanh(0.8) + half))
    )


def test_pruned_and_failed_trials_are_in_no_mean_and_counted() -> None:
    more = [capsule(2, 1.0, 0.1, state="pruned"), capsule(2, 1.0, None, state="failed"), capsule(2, 1.0, math.nan)]
    made = evidence([*rows(), *more])
    result = surface.analyse(made)
    assert result.lines == surface.analyse(evidence(rows())).lines
    assert [(left.pruned, left.failed, left.other) for left in result.left] == [(1, 1, 1)]
    assert "1 pruned, 1 failed, 1 without a value" in views(made)["surface-0"].caption


def test_one_own_parameter_has_a_line_and_no_surface() -> None:
    own = {"choice": ["soft", "hard"], "when": {"pooling": "capsule"}}
    space = {"pooling": ["capsule", "max"], "kind": own}
    made = evidence(
        [
            {"arm": "capsule", "value": value, "param.pooling": "capsule", "param.kind": kind}
            for kind, value in (("soft", 0.9), ("hard", 0.8), ("soft", 0.7))
        ],
        sweep={"space": space},
    )
    shown = views(made)
    assert list(shown) == ["surface-line-0"]
    assert shown["surface-line-0"].figure.data[0].mode == "markers"
    (line,) = surface.analyse(made).lines
    assert line.trend is None
    assert [(line.bins.labels[point.bin], point.n) for point in line.points] == [("soft", 2), ("hard", 1)]


def test_bins_are_equal_on_the_scale_and_hold_their_ends() -> None:
    domain = Float(0.1, 10.0, log=True)
    bins = bins_of("t", domain)
    assert bins.edges == pytest.approx([0.1 * 100 ** (k / 6) for k in range(7)])
    assert bins.centres[2:4] == pytest.approx([0.1 * 100 ** (5 / 12), 0.1 * 100 ** (7 / 12)])
    assert bins.place(pd.Series([0.1, 10.0, 1.0001, math.nan, 99.0]), domain).tolist() == [0, 5, 3, -1, -1]
    whole = Int(1, 100)
    assert len(bins_of("n", whole).labels) == 6
    assert bins_of("n", Int(2, 5)).place(pd.Series([2, 5, None, 9], dtype="Int64"), Int(2, 5)).tolist() == [
        0,
        3,
        -1,
        -1,
    ]
    kinds = Choice(("a", "b"))
    assert bins_of("k", kinds).place(pd.Series(["b", None, "a"]), kinds).tolist() == [1, -1, 0]
    assert bins_of("one", Float(2.0, 2.0)).place(pd.Series([2.0]), Float(2.0, 2.0)).tolist() == [0]


def test_the_better_is_the_darker() -> None:
    assert not views(evidence(rows()))["surface-0"].figure.data[0].reversescale
    loss = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    assert views(evidence(rows(), sweep=loss))["surface-0"].figure.data[0].reversescale


def test_the_order_of_rows_does_not_matter() -> None:
    made = evidence(rows())
    assert as_json(surface.analyse(made)) == as_json(surface.analyse(permuted(made)))


def test_no_arm_with_parameters_of_its_own_has_no_view() -> None:
    made = evidence([{"arm": "max", "value": 0.5}], sweep={"space": {"pooling": ["capsule", "max"], "size": [1, 2]}})
    assert views(made) == {}
    assert surface.analyse(made).why
    assert views(evidence([{"arm": "all", "value": 0.5}], sweep={"compare": None})) == {}


@pytest.mark.parametrize(
    "given",
    [
        [],
        [{"arm": "max", "value": 0.5}],
        [capsule(2, 1.0, None, state="failed")],
        [capsule(2, 1.0, 0.5, state="pruned")],
        [capsule(2, 1.0, math.nan)],
        [{"arm": "capsule", "value": 0.5}],
    ],
)
def test_without_complete_trials_the_command_goes_on(given) -> None:
    made = evidence(given)
    as_json(surface.analyse(made))
    (view,) = views(made).values()
    assert (view.figure, view.command) == (None, "capsweep resume RUN")


@pytest.mark.parametrize("given", [[capsule(2, 1.0, 0.5)], [capsule(2, 1.0, 0.5)] * 9])
def test_lone_and_constant_trials(given) -> None:
    made = evidence(given)
    result = surface.analyse(made)
    as_json(result)
    assert [line.trend for line in result.lines] == [None, None]
    assert len(views(made)) == 3


def test_hostile_names_are_literal() -> None:
    own = {"choice": list(HOSTILE), "when": {"pooling": HOSTILE[0]}}
    space = {"pooling": list(HOSTILE), "kind": own, "size": {"int": [2, 4], "when": {"pooling": HOSTILE[0]}}}
    given = [
        {"arm": HOSTILE[0], "value": 0.5, "param.pooling": HOSTILE[0], "param.kind": kind, "param.size": 2}
        for kind in HOSTILE
    ]
    shown = views(evidence(given, sweep={"space": space}))
    text = "".join(view.figure.to_json() for view in shown.values())
    assert "\\u003cscript" not in text
    assert "x" * 100 not in text
    assert all(len(view.title + view.question) < 400 for view in shown.values())
    assert all(drawn(view.figure) < 2000 for view in shown.values())
