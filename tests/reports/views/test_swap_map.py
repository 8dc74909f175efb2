"""The swap map against numbers worked out by hand: an accuracy is said as an error, so a lift is below 0, in points."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from reports.verdict.sentences import numbers
from reports.views import swap_map
from tests.reports.conftest import judged

# Two seeds in each of six settings; the mean difference of a setting is its lift, whatever the seeds add.
LIFTS = (0.001, 0.002, 0.003, 0.004, 0.005, -0.001)
SIZES = (2, 2, 3, 3, 4, 4)
RATES = (1e-4, 2e-4, 4e-4, 8e-4, 16e-4, 32e-4)
TWO = {
    "pooling": ["capsule", "max"],
    "pool_size": {"int": [2, 4]},
    "learning_rate": {"float": [1e-4, 1e-2], "log": True},
}
SWEEP = {"confirm": {"baseline": "max"}, "swap": {"seeds": 2}}


def analysed(evidence, **how):
    return swap_map.analyse(evidence, judged(evidence, **how))


def swapped(lifts=LIFTS, *, arms=("capsule",), sign=1.0, base=0.9):
    """Rows of a swap phase in which every arm has the same lifts over max."""
    return [
        {
            "phase": "swap",
            "arm": arm,
            "value": sign * (base + seed / 100 + (0 if arm == "max" else lift + (seed - 0.5) / 10_000)),
            "pair_id": f"swap:{setting}:{seed}",
            "param.pool_size": SIZES[setting % 6],
            "param.learning_rate": RATES[setting % 6],
        }
        for setting, lift in enumerate(lifts)
        for seed in range(2)
        for arm in (*arms, "max")
    ]


def capsule(evidence):
    result = analysed(evidence)
    return next(each for each in result.arms if each.arm == "capsule")


def test_settings_count_and_seeds_do_not(hand_made) -> None:
    arm = capsule(hand_made(swapped(), sweep=SWEEP))
    assert [each.difference for each in arm.settings] == pytest.approx([-100 * lift for lift in LIFTS])
    assert arm.settings[3].params == {"pool_size": 3, "learning_rate": 8e-4}
    found = arm.overall
    # mean .014/6, sd .00216025, t(.975, 5) = 2.570582: half width .00226704
    assert (found.difference, found.low, found.high) == pytest.approx((0.00233333, 0.00006629, 0.00460037), abs=1e-7)
    # Of 64 sign patterns those with |Σ| ≥ 14 of 16: all +, only the 1 or the other 1 turned, and their mirrors.
    assert found.p == pytest.approx(6 / 64)
    assert (found.won, found.ties) == (5, 0)
    assert (found.won_low, found.won_high) == pytest.approx((0.4364967, 0.9699466), abs=1e-6)


def test_the_map_says_what_the_first_page_says(hand_made, check_views) -> None:
    clear = (0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.006)
    evidence = hand_made(swapped(clear), sweep={**SWEEP, "space": TWO, "swap": {"settings": 7, "seeds": 2}})
    (found,) = judged(evidence).estimates
    assert found.verdict == "better, practically"
    view = check_views(swap_map, evidence)[0]
    # mean .03/7, sd .00111270, t(.975, 6) = 2.446912: half width .00102907
    assert "in validation error (pp, below 0 is better): capsule −0.43 [95 %: −0.53 to −0.33]" in view.caption
    assert "exact p = 0.016: better, practically; better in 7 of 7 settings" in view.caption
    assert "0.43 pp lower [95 %: 0.33 to 0.53]" in numbers(found, evidence)
    assert view.figure.layout.yaxis.title.text == "validation error (pp): arm − max"
    points, mean = view.figure.data
    assert list(points.y) == pytest.approx([-100 * lift for lift in clear])
    assert mean.y[0] == pytest.approx(-0.428571, abs=1e-6)


def test_a_half_finished_setting_counts_nowhere(hand_made, check_views) -> None:
    rows = swapped()
    rows[-1] |= {"state": "running", "value": None}
    evidence = hand_made(rows, sweep={**SWEEP, "space": TWO})
    arm = capsule(evidence)
    assert [each.setting for each in arm.settings] == [0, 1, 2, 3, 4]
    assert (arm.overall.n, arm.overall.verdict) == (5, "interim")
    first, *others = check_views(swap_map, evidence)
    assert first.caption.startswith("Interim, 5 of 6 planned settings: nothing is claimed. E3")
    assert "p =" not in first.caption
    for view in others:
        assert "p =" not in view.caption
        assert " changes sides at " not in view.caption
        assert view.data["p by Holm"].isna().all()


def test_a_failed_gate_leaves_numbers_alone(hand_made, check_views) -> None:
    clear = (-0.005, -0.003, -0.001, 0.001, 0.003, 0.005)
    evidence = hand_made(swapped(clear), sweep={**SWEEP, "space": TWO})
    told = check_views(swap_map, evidence)[2]
    assert " changes sides at " in told.caption
    assert len(told.figure.data) == 4, "points, the band, the line and where it passes 0"
    first, *others = check_views(swap_map, evidence, failed=True)
    assert first.caption.startswith("Not valid, a gate of the verdict failed: nothing is claimed.")
    assert ": not valid; better in 3 of 6 settings" in first.caption
    assert not any(" changes sides at " in view.caption or "p =" in view.caption for view in (first, *others))
    assert len(others[1].figure.data) == 3


def test_a_lower_loss_is_a_win(hand_made) -> None:
    sweep = {**SWEEP, "objective": {"metric": "val_loss", "direction": "minimize"}}
    arm = capsule(hand_made(swapped(sign=-1.0), sweep=sweep))
    same = capsule(hand_made(swapped(), sweep=SWEEP))
    mirrored, found = same.overall, arm.overall
    assert (found.won, found.p, found.verdict) == (mirrored.won, mirrored.p, mirrored.verdict)
    assert found.difference == pytest.approx(-mirrored.difference)
    assert [each.difference for each in arm.settings] == pytest.approx([-lift for lift in LIFTS])


def test_halves_are_contrasted_and_corrected_over_all_arms(hand_made) -> None:
    result = analysed(hand_made(swapped(arms=("capsule", "average")), sweep=SWEEP))
    size, rate = result.arms[0].contrasts
    assert (size.param, size.where, size.n, size.others) == ("pool_size", "above 3", 2, 4)
    assert size.difference == pytest.approx(-100 * (0.002 - 0.0025))
    assert (rate.param, rate.n, rate.others) == ("learning_rate", 3, 3)
    assert rate.difference == pytest.approx(-100 * (4 + 5 - 1 - 1 - 2 - 3) / 3000)
    clear = swapped((0, 0.0001, 0.0002, 0.01, 0.0101, 0.0103), arms=("capsule", "average"))
    strong = analysed(hand_made(clear, sweep=SWEEP)).arms[0].contrasts[1]
    assert (strong.p < 1e-5, strong.adjusted_p) == (True, pytest.approx(4 * strong.p))


def test_a_line_changes_sides_only_where_its_slope_is_told_among_all(hand_made) -> None:
    lifts = (-0.0042, 0.001, -0.002, 0.003, 0.0015, 0.0042)
    (alone,) = (each for each in capsule(hand_made(swapped(lifts), sweep=SWEEP)).trends if each.log)
    assert 0.05 / 4 < alone.p <= 0.05, "for this test to mean anything"
    arms = ("capsule", "average")
    lines = [each for arm in analysed(hand_made(swapped(lifts, arms=arms), sweep=SWEEP)).arms for each in arm.trends]
    assert len(lines) == 4
    assert [each.at for each in lines] == [None] * 4


def test_a_tie_is_no_win(hand_made) -> None:
    rows = [{**row, "value": 0.5 if row["pair_id"] == "swap:0:0" else row["value"]} for row in swapped()]
    rows = [{**row, "value": 0.5} if row["pair_id"] == "swap:0:1" else row for row in rows]
    arm = capsule(hand_made(rows, sweep=SWEEP))
    assert (arm.overall.won, arm.overall.ties, len(arm.settings)) == (4, 1, 6)


def test_it_crosses_where_the_line_does(hand_made) -> None:
    lifts = (-0.0050001, -0.003, -0.001, 0.001, 0.003, 0.005)
    rate = next(each for each in capsule(hand_made(swapped(lifts), sweep=SWEEP)).trends if each.log)
    # One octave each: halfway between the third and the fourth rate.
    assert rate.at == pytest.approx(4e-4 * 2**0.5, rel=1e-3)
    assert rate.low < rate.at < rate.high
    assert rate.inside


def test_the_line_has_a_band_over_settings(hand_made, check_views) -> None:
    evidence = hand_made(swapped(), sweep={**SWEEP, "space": TWO})
    size, rate = capsule(evidence).trends
    # Errors -.1 -.2 -.3 -.4 -.5 .1 at sizes 2 2 3 3 4 4: x̄ 3, d̄ -.2333333, Σ(x - x̄)² 4, b -.025, and so
    # Σ residuals² = Σ(d - d̄)² - 4 b² = .2333333 - .0025; t(.975, 4) = 2.776445.
    assert (size.places[0], size.places[12], size.places[-1], size.n) == (2, 3, 4, 6)
    assert size.line[::12] == pytest.approx([-0.2083333, -0.2333333, -0.2583333])
    s = (0.2308333 / 4) ** 0.5
    half = [2.776445 * s * (1 / 6 + x) ** 0.5 for x in (1 / 4, 0, 1 / 4)]
    assert size.band_low[::12] == pytest.approx([m - h for m, h in zip(size.line[::12], half, strict=True)], abs=1e-5)
    assert size.band_high[::12] == pytest.approx([m + h for m, h in zip(size.line[::12], half, strict=True)], abs=1e-5)
    # Over a logarithm, halfway is the geometric mean, and nothing lies beyond the settings.
    assert (rate.places[0], rate.places[12], rate.places[-1]) == (1e-4, pytest.approx(4e-4 * 2**0.5), 32e-4)
    view = check_views(swap_map, evidence)[2]
    band, line = view.figure.data[1:3]
    assert (min(band.x), max(band.x)) == (1e-4, 32e-4)
    assert list(band.y[:25]) == rate.band_high
    assert list(line.y) == rate.line
    assert (
        "Bands hold the mean difference at each value by itself with 95 %, as far as it is a line, over capsule 6 "
        in (view.caption)
    )
    rows = view.data[view.data["settings with"].str.endswith("on the line")]
    assert rows["low"].tolist() == rate.band_low
    assert rows["mean difference in validation error (pp)"].tolist() == rate.line


def test_few_settings_have_a_line_and_no_band(hand_made, check_views) -> None:
    evidence = hand_made(swapped(LIFTS[:4]), sweep={**SWEEP, "space": TWO})
    (_, rate) = capsule(evidence).trends
    assert (rate.n, len(rate.line), rate.band_low, rate.band_high) == (4, 25, [], [])
    view = check_views(swap_map, evidence)[2]
    assert [trace.fill for trace in view.figure.data] == [None, None]
    assert "No band below 5 settings: capsule 4." in view.caption
    assert "Bands hold" not in view.caption


def test_the_band_is_of_the_level_of_the_look(hand_made) -> None:
    strict = {**SWEEP, "confirm": {"baseline": "max", "alpha": 0.01}}
    usual, wider = (capsule(hand_made(swapped(), sweep=each)).trends[0] for each in (SWEEP, strict))
    ratio = (wider.band_high[0] - wider.line[0]) / (usual.band_high[0] - usual.line[0])
    assert ratio == pytest.approx(4.604095 / 2.776445, rel=1e-5)  # t(.995, 4) to t(.975, 4)


def test_failures_are_counted_and_left_out(hand_made, check_views) -> None:
    rows = swapped()
    rows[0] |= {"state": "failed", "value": None}  # one seed of the first setting
    rows[2] |= {"state": "failed", "value": None}  # and the other
    rows[5] |= {"state": "running", "value": None}  # the baseline of a seed of the second
    evidence = hand_made(rows[:-1], sweep={**SWEEP, "swap": {"settings": 7, "seeds": 2}})  # and no partner for the last
    arm = capsule(evidence)
    # The first is lost, the second and the last are not over.
    assert [each.setting for each in arm.settings] == [2, 3, 4]
    assert (arm.overall.lost, arm.overall.verdict) == (1, "interim")
    caption = check_views(swap_map, evidence)[0].caption
    assert "2 failed replicates left out. Settings lost to failures: capsule 1." in caption
    assert "average has no whole setting" in caption
    assert "better in 3 of 3 settings" in caption


def test_holm_counts_the_arms(hand_made) -> None:
    result = analysed(hand_made(swapped(arms=("capsule", "average")), sweep=SWEEP))
    assert [each.overall.adjusted_p for each in result.arms] == pytest.approx([12 / 64, 12 / 64])
    assert [each.overall.comparisons for each in result.arms] == [2, 2]


def test_cells_hold_what_was_tried_and_no_more(hand_made, check_views) -> None:
    space = {"pooling": ["capsule", "max"], "pool_size": {"int": [2, 4]}, "wide": [True, False]}
    rows = [{**row, "param.wide": row["param.pool_size"] == 2} for row in swapped()]
    evidence = hand_made(rows, sweep={**SWEEP, "space": space})
    cells = capsule(evidence).cells
    assert [(each.values, each.n) for each in cells] == [((2, True), 2), ((3, False), 2), ((4, False), 2)]
    assert [each.mean for each in cells] == pytest.approx([-0.15, -0.35, -0.2])
    view = check_views(swap_map, evidence)[-1]
    assert view.key == "swap-cells"
    (tiles,) = view.figure.data
    assert list(tiles.text[0]) == ["~ −0.15<br>n = 2", "", ""]
    assert "0 of 3 cells" in view.caption
    assert "capsule: not valid" in check_views(swap_map, evidence, failed=True)[-1].caption
    assert tiles.colorscale[0][1].startswith("rgba(0,114,178"), "blue is better"


def test_many_settings_are_all_counted_and_not_all_drawn(hand_made, check_views) -> None:
    rows = swapped([0.001 + place / 1e7 for place in range(2_100)])
    space = {"pooling": ["capsule", "max"], "pool_size": {"int": [2, 4]}}
    views = check_views(swap_map, hand_made(rows, sweep={**SWEEP, "space": space}))
    assert "Showing 1,000 of 2,100 settings" in views[0].caption
    assert len(views[0].data) == 2_100


def test_without_swaps_it_names_the_command(hand_made, check_views) -> None:
    (view,) = check_views(swap_map, hand_made([], sweep={"confirm": {"baseline": "max"}}))
    assert view.command == "capsweep resume RUN --set swap.settings=12"
    assert "no swap phase" in view.caption


def test_odd_runs(odd_run, check_views) -> None:
    check_views(swap_map, odd_run)


def test_one_difference_more_changes_no_other(hand_made) -> None:
    alone = asdict(capsule(hand_made(swapped(), sweep=SWEEP)))
    among = asdict(capsule(hand_made(swapped(arms=("capsule", "average")), sweep=SWEEP)))
    for each in (alone, among):
        each["contrasts"] = each["overall"]["adjusted_p"] = 0
    assert alone == among
