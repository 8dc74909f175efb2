from __future__ import annotations

import numpy as np
import pytest

from reports.statistics import kaplan_meier, restricted_mean, run_curve

# Freireich's leukaemia trial, the treated group: the textbook case, weeks of remission.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [w in (7, 13, 16, 22, 23) or (w == 6 and i < 3) or (w == 10 and i == 6) for i, w in enumerate(WEEKS)]


def test_the_textbook_case() -> None:
    found = kaplan_meier(WEEKS, RELAPSED)
    at = {time: share for time, share, event in zip(found.times, found.share, found.events, strict=True) if event}
    assert at == pytest.approx(
        {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}, abs=5e-5
    )
    assert found.at_risk[[0, 1, 3]].tolist() == [21, 17, 15]
    assert found.events[:4].tolist() == [3, 1, 0, 1]
    # R's survfit with conf.type = "log-log" at week 6 and week 23
    assert (found.low[0], found.high[0]) == pytest.approx((0.6197, 0.9516), abs=5e-5)
    place = found.times.tolist().index(23)
    assert (found.low[place], found.high[place]) == pytest.approx((0.1881, 0.6801), abs=5e-5)


def test_the_area_by_hand() -> None:
    found = restricted_mean([1, 2, 3, 3], [True, True, False, False], horizon=3)
    assert found.value == pytest.approx(1 + 0.75 + 0.5)
    assert found.standard_error == pytest.approx(np.sqrt(1.25**2 / 12 + 0.5**2 / 6))
    assert restricted_mean([1, 2, 3, 3], [True, True, False, False], horizon=0.5).value == 0.5


def test_everything_reached_needs_no_observation_beyond() -> None:
    found = restricted_mean([1, 2], [True, True], horizon=10)
    assert found.value == pytest.approx(1.5)
    assert found.standard_error == pytest.approx(np.sqrt(0.5**2 / 2))


def test_a_horizon_beyond_the_last_run_is_refused() -> None:
    with pytest.raises(ValueError, match="horizon: must not be after 3, when a run was last seen, got 4"):
        restricted_mean([1, 3], [True, False], horizon=4)
    with pytest.raises(ValueError, match="horizon: must be a finite number above 0, got 0"):
        restricted_mean([1, 3], [True, False], horizon=0)
    with pytest.raises(ValueError, match=r"times: must not be negative, got -1.0"):
        kaplan_meier([-1, 3], [True, False])
    with pytest.raises(ValueError, match="pairs must be complete, got 2 and 1 values"):
        kaplan_meier([1, 3], [True])


def test_the_ends_have_intervals_too() -> None:
    never = kaplan_meier([3, 5], [False, False])
    assert (never.share.tolist(), never.low.tolist(), never.high.tolist()) == ([1, 1], [1, 1], [1, 1])
    all_reached = kaplan_meier([1, 2, 3], [True, True, True])
    assert all_reached.share[-1] == all_reached.low[-1] == 0
    assert all_reached.high[-1] == all_reached.high[1]
    assert 0 < all_reached.low[0] < all_reached.share[0] < all_reached.high[0] < 1
    assert kaplan_meier([1, 2, 3], [True, True, True], alpha=0.5).low[0] > all_reached.low[0]


def test_survivors_look_better_than_all_runs() -> None:
    found = run_curve([[0.90, 0.95, 0.97], [0.88, 0.94, 0.96], [0.60], [0.70]])
    assert found.survivors[2] == pytest.approx(0.965, abs=1e-9)
    assert found.carried[2] == pytest.approx(0.8075, abs=1e-9)
    assert (found.at_risk.tolist(), found.runs) == ([4, 2, 2], 4)
    assert found.survivors[0] == found.carried[0] == pytest.approx(0.77)


def test_a_run_without_epochs_is_refused() -> None:
    with pytest.raises(ValueError, match="curves: needs at least 1 run, got 0"):
        run_curve([])
    with pytest.raises(ValueError, match=r"curves\[1\]: needs at least 1 values, got 0"):
        run_curve([[1.0], []])
