"""Two parameters at once, and the rank of each trial."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reports import captions
from reports.ranks import in_all, rank_plot, standing
from reports.tables import tables
from reports.views.search import look_of, views


@pytest.fixture
def searched(mixed):
    run = mixed.read()
    domains = {name: each.domain for name, each in run.config.space.parameters.items() if name != "pooling"}
    return tables(run).trials, look_of(run.config), domains


def test_a_trial_stands_by_the_share_that_it_beats(searched) -> None:
    trials, look, _ = searched
    found = standing(trials, look)
    assert found["value"].tolist() == [0.94, 0.90, 0.89, 0.88, 0.85]
    assert found["beaten"].tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    tied = standing(trials.assign(value=trials["value"].mask(trials["value"] == 0.89, 0.90)), look)
    assert tied["beaten"].tolist() == [1.0, 0.625, 0.625, 0.25, 0.0]
    alone = standing(trials[trials["value"] == 0.94], look)
    assert alone["beaten"].tolist() == [1.0]


def test_less_can_be_better(searched) -> None:
    trials, look, _ = searched
    down = type(look)(look.metric, "minimize", look.compare, look.styles)
    assert standing(trials, down)["beaten"].tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert standing(trials, down)["value"].is_monotonic_increasing


def test_the_two_are_those_that_every_trial_has(searched) -> None:
    trials, _, domains = searched
    assert list(in_all(trials, domains)) == ["pool_size", "learning_rate"]
    assert list(in_all(trials[trials["arm"] == "capsule"], domains)) == ["pool_size", "routing_steps"]
    assert in_all(trials[:0], domains) == {}


def test_each_arm_has_its_symbol_and_each_point_its_rank(searched) -> None:
    trials, look, domains = searched
    figure = rank_plot(trials, look, in_all(trials, domains))
    points = {trace.name: trace for trace in figure.data if trace.x[0] is not None}
    assert {name: list(trace.marker.color) for name, trace in points.items()} == {
        "capsule": [1.0, 0.75],
        "max": [0.5, 0.0],
        "average": [0.25],
    }
    assert points["max"].marker.symbol == look.styles["max"].symbol
    assert np.round(points["average"].x).tolist() == [2.0]
    assert points["average"].y.tolist() == pytest.approx([5e-4])
    assert (figure.layout.yaxis.type, figure.layout.yaxis.title.text) == ("log", "learning_rate (log scale)")


def test_points_lie_on_either_side_of_their_value_on_both_axes(searched) -> None:
    trials, look, domains = searched
    one = trials[trials["value"] == 0.94]
    many = pd.concat([one] * 40, ignore_index=True)
    for step in (1, 3, 6):  # trials of one arm among three, among six
        of_arm = many.assign(number=range(0, 40 * step, step))
        (_, points, *_) = rank_plot(of_arm, look, {name: domains[name] for name in ("pool_size", "routing_steps")}).data
        for places, value in ((points.x, 4), (points.y, 5)):
            aside = np.asarray(places, dtype=float) - value
            assert abs(aside.mean()) < 0.03
            assert aside.std() == pytest.approx(0.4 / 12**0.5, rel=0.1)
        assert abs(np.corrcoef(points.x, points.y)[0, 1]) < 0.35


def test_the_caption_says_where_the_best_lie(searched) -> None:
    trials, look, domains = searched
    assert captions.ranks(trials, look, list(in_all(trials, domains))).startswith(
        "The best tenth of 5 complete trials (1) lies at pool_size 4 and learning_rate 0.001. Colour"
    )
    many = pd.concat([trials] * 4, ignore_index=True).assign(number=range(4 * len(trials)))
    assert "(2) lies" in captions.ranks(many, look, ["pool_size"])
    assert captions.ranks(trials[:0], look, []) == captions.NOTHING


def test_a_space_of_one_parameter_has_no_such_figure(writer) -> None:
    run = writer({"space": {"pooling": ["max", "average"], "pool_size": {"int": [2, 4]}}})
    run.trial({"pooling": "max", "pool_size": 2}, [0.5, 0.6, 0.7])
    found = run.read()
    assert "ranks" not in [view.key for view in views(found.config, tables(found))]
