from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics import benjamini_hochberg, holm

P = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]).tolist() == [1, 1]
    assert holm([0.04]) == pytest.approx([0.04])


def test_what_was_given_up_counts() -> None:
    assert holm([0.01, 0.04], comparisons=4) == pytest.approx([0.04, 0.12])
    assert holm([0.01, 0.04], comparisons=4) == pytest.approx(holm([0.01, 0.04, 1, 1])[:2])
    with pytest.raises(ValueError, match="comparisons: must be a whole number of at least 2, got 1"):
        holm([0.01, 0.04], comparisons=1)


def test_benjamini_and_hochberg_by_hand() -> None:
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])


@given(P, st.randoms(use_true_random=False))
def test_adjusting_keeps_order_and_bounds_and_knows_no_places(p, random) -> None:
    order = random.sample(range(len(p)), len(p))
    for adjust in (holm, benjamini_hochberg):
        adjusted = adjust(p)
        assert (adjusted >= np.array(p)).all()
        assert (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
        assert adjust([p[place] for place in order]) == pytest.approx(adjusted[order])
    assert (holm(p) >= benjamini_hochberg(p) - 1e-12).all()


def test_an_empty_family_is_no_error_and_a_p_above_one_is() -> None:
    assert len(holm([])) == len(benjamini_hochberg([])) == 0
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match=r"p_values: must lie from 0 to 1, got 1.5"):
            adjust([0.5, 1.5])
        with pytest.raises(ValueError, match=r"p_values: must lie from 0 to 1, got -0.5"):
            adjust([-0.5])
