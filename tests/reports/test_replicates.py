"""Trials that differ in their seeds alone, as one row."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reports.replicates import configs_table
from tests.reports.views.conftest import evidence


def trial(config, value, *, phase="confirm", arm="capsule", **row):
    return {"phase": phase, "arm": arm, "config_hash": config, "value": value, "param.pooling": arm, **row}


def rows(*trials, direction="maximize"):
    return configs_table(evidence(trials).frames.trials, direction=direction)


def test_one_row_has_all_that_differ_in_their_seeds() -> None:
    scores = [0.9905, 0.9912, 0.9918]
    (row,) = rows(*(trial("c", score, test=score - 0.01) for score in scores)).to_dict("records")
    assert (row["trials"], row["complete"], row["n"], row["tested"]) == (3, 3, 3, 3)
    assert row["mean"] == pytest.approx(np.mean(scores))
    assert row["sd"] == pytest.approx(np.std(scores, ddof=1))
    assert row["se"] == pytest.approx(np.std(scores, ddof=1) / math.sqrt(3))
    assert (row["test_mean"], row["test_sd"]) == pytest.approx((np.mean(scores) - 0.01, np.std(scores, ddof=1)))
    assert (row["best"], row["numbers"], row["param.pooling"]) == (0.9918, "0, 1, 2", "capsule")


def test_controls_that_share_all_seeds_but_one_have_a_row_of_their_own() -> None:
    pairs = ["aa:0", "aa:0", "source:init:0", "source:device:0", "source:init:1"]
    found = rows(*(trial("c", 0.9, phase="controls", pair_id=pair) for pair in pairs)).to_dict("records")
    assert {row["varied"]: row["numbers"] for row in found} == {"all": "0, 1", "init": "2, 4", "device": "3"}


def test_the_best_is_the_lowest_where_less_is_better() -> None:
    found = rows(trial("c", 0.2), trial("c", 0.1), trial("d", 0.05), direction="minimize")
    assert found["best"].tolist() == [0.05, 0.1]
    assert found["config_hash"].tolist() == ["d", "c"]


def test_what_has_no_value_is_counted_and_in_no_mean() -> None:
    (row,) = rows(
        trial("c", 0.9),
        trial("c", 0.1, state="pruned"),
        trial("c", None, state="failed"),
        trial("c", None, state="running"),
        trial("c", math.inf),
    ).to_dict("records")
    assert [row[name] for name in ("trials", "complete", "pruned", "failed", "running", "n")] == [5, 2, 1, 1, 1, 1]
    assert (row["mean"], row["best"], row["tested"]) == (0.9, 0.9, 0)
    assert math.isnan(row["sd"])
    assert math.isnan(row["se"])
    (none,) = rows(trial("c", None, state="failed"), trial("c", None, state="failed")).to_dict("records")
    assert none["n"] == 0
    assert math.isnan(none["mean"])


def test_a_search_shares_no_row_with_what_trained_its_choice_anew() -> None:
    found = rows(
        trial("c", 0.99, phase="search"),
        trial("c", 0.97),
        trial("c", 0.96),
        trial("d", 0.98),
        trial("c", 0.5, arm="max"),
    )
    keys = list(zip(found["phase"], found["arm"], found["config_hash"], found["numbers"], strict=True))
    assert keys == [
        ("confirm", "capsule", "d", "3"),
        ("confirm", "capsule", "c", "1, 2"),
        ("confirm", "max", "c", "4"),
        ("search", "capsule", "c", "0"),
    ]


def test_the_order_of_rows_does_not_matter() -> None:
    trials = evidence([trial("cd"[place % 2], 0.9 + place / 100) for place in range(7)]).frames.trials
    one, two = (configs_table(each, direction="maximize") for each in (trials, trials.iloc[::-1]))
    assert one.equals(two)


def test_no_trial_is_no_row() -> None:
    assert rows().empty
