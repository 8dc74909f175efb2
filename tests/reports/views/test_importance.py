"""Which parameters matter, by PED-ANOVA and exactly."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import optuna
import pandas as pd
import pytest

from reports.factorial import factorial_shares
from reports.importance import LIMIT, evenly, importances
from reports.views import importance
from search_spaces import Choice, Float, Int
from tests.reports.views.conftest import HOSTILE, as_json, evidence, permuted

DOMAINS = {"level": Choice(tuple(range(10))), "noise": Float(0.0, 1.0), "steps": Int(2, 5)}


def frame(trials=200, *, seed=0):
    """The value is that of `level`, of which the best tenth is one; `steps` applies in half of the trials."""
    rng = np.random.default_rng(seed)
    level = np.arange(trials) % 10
    steps = pd.Series(rng.integers(2, 6, trials)).astype("Int64").where(rng.random(trials) < 0.5)
    columns = {"param.level": level, "param.noise": rng.random(trials), "param.steps": steps}
    return pd.DataFrame({"number": range(trials), **columns, "value": level.astype(float)})


def rows(trials=60, *, seed=0, **row):
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        size, steps = int(rng.integers(2, 5)), int(rng.integers(2, 6))
        shared = {"param.pool_size": size, "param.learning_rate": float(10 ** rng.uniform(-4, -2)), **row}
        own = {"param.routing_steps": steps, "param.temperature": float(10 ** rng.uniform(-1, 1))}
        yield {"arm": "capsule", "param.pooling": "capsule", "value": steps + rng.normal(0, 0.1), **shared, **own}
        yield {"arm": "max", "param.pooling": "max", "value": 1.0 + size + rng.normal(0, 0.1), **shared}


def views(made):
    return {view.key: view for view in importance.draw(importance.analyse(made), made)}


def test_what_decides_explains_all_and_what_does_not_nothing() -> None:
    found = {each.name: each for each in importances(frame(), DOMAINS, "maximize")}
    assert found["level"].share == pytest.approx(1.0, abs=0.2)
    assert found["noise"].share < 0.1
    assert found["steps"].n < 120
    assert found["steps"].share < 0.1
    assert found["level"].value == pytest.approx(found["level"].share * 0.1 * 0.9)
    assert 0 < found["noise"].error < 0.2


def test_of_numbers_it_is_what_optuna_says() -> None:
    table = frame()
    study = optuna.create_study(direction="maximize")
    levels, noises = optuna.distributions.IntDistribution(0, 9), optuna.distributions.FloatDistribution(0.0, 1.0)
    for level, noise, value in zip(table["param.level"], table["param.noise"], table["value"], strict=True):
        params, distributions = {"level": level, "noise": noise}, {"level": levels, "noise": noises}
        study.add_trial(optuna.trial.create_trial(value=value, params=params, distributions=distributions))
    expected = optuna.importance.PedAnovaImportanceEvaluator().evaluate(study)
    found = importances(table, {"level": Int(0, 9), "noise": DOMAINS["noise"]}, "maximize")
    assert {each.name: each.value for each in found} == pytest.approx(expected)


def test_of_a_list_it_is_the_share_of_the_variance_between_its_values() -> None:
    places = np.repeat([0, 1], [60, 40])  # 8 of the 10 best have the first value, 2 the second
    best = np.isin(np.arange(100), [*range(8), 60, 61])
    table = pd.DataFrame(
        {"number": range(100), "param.kind": np.array(["a", "b"])[places], "value": best.astype(float)}
    )
    (found,) = importances(table, {"kind": Choice(("a", "b"))}, "maximize")
    eta2 = 1 - (8 * (1 - 8 / 60) + 2 * (1 - 2 / 40)) / 9.0
    assert found.share == pytest.approx(1 - (1 - eta2) * 99 / 98)
    (nothing,) = importances(table.assign(value=1.0), {"kind": Choice(("a", "b"))}, "maximize")
    assert nothing.share == 0.0


def test_a_list_that_applies_in_part_explains_in_part() -> None:
    kinds = ["a", "b", None, None] * 25
    table = pd.DataFrame({"number": range(100), "param.kind": kinds, "value": [1.0, 0.0, 1.0, 0.0] * 25})
    (found,) = importances(table.assign(value=table["value"]), {"kind": Choice(("a", "b"))}, "maximize")
    assert found.n == 50
    assert found.share == pytest.approx(0.5)  # all of it in its half of the trials


def test_direction_and_order_do_not_matter_and_nothing_global_is_touched() -> None:
    table = frame()
    before = np.random.get_state()[1].copy()
    up = importances(table, DOMAINS, "maximize")
    down = importances(table.assign(value=-table["value"]), DOMAINS, "minimize")
    assert up == down == importances(table.iloc[::-1], DOMAINS, "maximize")
    assert (np.random.get_state()[1] == before).all()


def test_many_trials_are_thinned_evenly_and_said_so() -> None:
    table = frame(3 * LIMIT)
    kept = evenly(table.iloc[::-1])["number"].to_numpy()
    assert len(kept) == LIMIT
    assert (np.diff(kept) >= 2).all()
    assert (np.diff(kept) <= 4).all()
    made = evidence(rows(LIMIT + 1))
    assert importance.analyse(made).arms[0].used == LIMIT
    assert f"{LIMIT:,} of them evenly chosen" in views(made)["importance"].caption


def test_few_trials_have_no_importances() -> None:
    assert importances(frame(9), DOMAINS, "maximize") == []
    ten = importances(frame(10), DOMAINS, "maximize")
    assert ten
    assert all(each.error is None for each in ten)


def test_no_more_is_drawn_than_there_is_to_explain() -> None:
    rates = np.geomspace(1e-4, 1e-2, 10).tolist()
    made = evidence(
        {
            "arm": arm,
            "param.pooling": arm,
            "param.pool_size": 2,
            "param.learning_rate": rate,
            "value": float(place),
            **own,
        }
        for arm, own in (("capsule", {"param.routing_steps": 2, "param.temperature": 1.0}), ("max", {}))
        for place, rate in enumerate(rates)
    )
    (found,) = (each for each in importance.analyse(made).arms[1].shared if each.name == "learning_rate")
    assert found.share > 1.3
    view = views(made)["importance"]
    assert max(place for trace in view.figure.data for place in trace.x) == 1.0
    assert f"learning_rate (all of it, estimated at {100 * found.share:.0f} %)" in view.caption
    assert "above 100 %" in view.caption
    assert found.share in view.data["share"].tolist()
    assert "above 100 %" not in views(evidence(rows()))["importance"].caption


def test_values_outside_the_space_are_not_there() -> None:
    table = frame(40)
    table.loc[:19, "param.noise"] = 2.0
    found = {each.name: each for each in importances(table, DOMAINS, "maximize")}
    assert found["noise"].n == 20


def test_parameters_of_one_arm_have_a_facet_of_their_own() -> None:
    result = importance.analyse(evidence(rows()))
    capsule, plain = result.arms
    assert [each.name for each in capsule.shared] == ["pool_size", "learning_rate"]
    assert [each.name for each in capsule.own] == ["routing_steps", "temperature"]
    assert plain.own == []
    assert max(capsule.own, key=lambda each: each.share).name == "routing_steps"
    assert max(plain.shared, key=lambda each: each.share).name == "pool_size"
    assert [each.name for each in result.joint.shared] == ["pooling", "pool_size", "learning_rate"]
    assert result.joint.trials == 120


def test_the_compared_parameter_comes_with_its_caveat() -> None:
    shown = views(evidence(rows()))
    assert list(shown) == ["importance", "importance-own-0", "importance-compared", "importance-path-0"]
    assert "it is no comparison of them" in shown["importance-compared"].caption
    assert [len(trace.x) for trace in shown["importance"].figure.data] == [2, 2]


def test_only_complete_trials_count() -> None:
    made = evidence([*rows(30), *rows(30, state="pruned"), *rows(5, state="failed")])
    assert [facet.trials for facet in importance.analyse(made).arms] == [30, 30]


def test_exact_shares_of_a_full_factorial() -> None:
    grid = [(a, b) for a in range(3) for b in range(3)]
    table = pd.DataFrame({"param.a": [a for a, _ in grid], "param.b": [b for _, b in grid]})
    table["value"] = 3.0 * table["param.a"] + table["param.b"]
    shares = factorial_shares(table, ["a", "b"])
    assert [names for names, _ in shares.shares] == [["a"], ["b"], ["a", "b"]]
    assert [share for _, share in shares.shares] == pytest.approx([0.9, 0.1, 0.0], abs=1e-9)
    twice = pd.concat([table, table.assign(value=table["value"] + 1)])  # replicates are averaged
    assert factorial_shares(twice, ["a", "b"]).trials == 18
    assert [share for _, share in factorial_shares(twice, ["a", "b"]).shares] == pytest.approx(
        [0.9, 0.1, 0.0], abs=1e-9
    )
    assert factorial_shares(table.iloc[:-1], ["a", "b"]) is None
    assert factorial_shares(table, ["a"]) is None
    assert factorial_shares(table.assign(**{"param.a": np.nan}), ["a", "b"]) is None


def test_published_shares() -> None:
    values = [0.990, 0.991, 0.989, 0.985, 0.979, 0.970]
    table = pd.DataFrame({"param.a": [0, 0, 0, 1, 1, 1], "param.b": list("xyzxyz"), "value": values})
    found = {tuple(names): share for names, share in factorial_shares(table, ["a", "b"]).shares}
    assert found[("a",)] == pytest.approx(0.6506024096)
    assert found[("b",)] == pytest.approx(0.2018072289)
    assert found[("a", "b")] == pytest.approx(0.1475903614)


def test_a_grid_is_shown_exactly_with_the_compared_parameter() -> None:
    space = {"pooling": ["capsule", "max"], "size": [2, 3, 4], "kind": ["a", "b"]}
    made = evidence(
        (
            {"arm": arm, "value": size + shift, "param.pooling": arm, "param.size": size, "param.kind": kind}
            for arm, shift in (("capsule", 1.0), ("max", 0.0))
            for size in (2, 3, 4)
            for kind in ("a", "b")
            for _ in range(2)
        ),
        sweep={"space": space},
    )
    shown = views(made)
    assert [key for key in shown if key.startswith("importance-exact")] == [f"importance-exact-{n}" for n in range(3)]
    assert importance.analyse(made).factorials[2][1].factors == ["pooling", "size", "kind"]
    assert "size 73 % and" not in shown["importance-exact-0"].caption
    assert "size 100 %" in shown["importance-exact-0"].caption
    assert "size 73 %, pooling 27 %" in shown["importance-exact-2"].caption


def test_the_order_of_rows_does_not_matter() -> None:
    made = evidence(rows(40))
    assert as_json(importance.analyse(made)) == as_json(importance.analyse(permuted(made)))


@pytest.mark.parametrize(
    "given",
    [
        [],
        list(rows(3)),
        list(rows(20, state="pruned")),
        list(rows(20, state="failed")),
        [row for row in rows(20) if row["arm"] == "max"],
        [{**row, "value": 0.5} for row in rows(20)],
        [{**row, "value": float("nan")} for row in rows(20)],
        [{"arm": "capsule", "value": float(n)} for n in range(20)],
    ],
)
def test_odd_runs(given) -> None:
    made = evidence(given)
    as_json(importance.analyse(made))
    for view in views(made).values():
        assert view.figure is not None or view.command == "capsweep resume RUN"


def test_a_joint_search_has_one_facet() -> None:
    made = evidence([{**row, "arm": "all"} for row in rows(20)], sweep={"compare": None})
    result = importance.analyse(made)
    assert [facet.arm for facet in result.arms] == ["all"]
    assert {each.name for each in result.arms[0].shared} >= {"pooling", "routing_steps"}
    assert result.joint is None


def test_hostile_names_are_literal() -> None:
    space = {"pooling": list(HOSTILE), "size": list(HOSTILE), "kind": [1, 2]}
    given = [
        {"arm": arm, "value": float(place), "param.pooling": arm, "param.size": size, "param.kind": kind}
        for arm in HOSTILE
        for place, size in enumerate(HOSTILE)
        for kind in (1, 2)
        for _ in range(2)
    ]
    shown = views(evidence(given, sweep={"space": space}))
    text = "".join(view.figure.to_json() for view in shown.values())
    assert "\\u003cscript" not in text
    assert "x" * 100 not in text
    assert all(len(view.caption) < 2000 for view in shown.values())


def test_optuna_is_loaded_only_when_a_number_is_asked_for() -> None:
    code = "import reports.importance, reports.views.importance, sys; print('optuna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_cells_are_means_and_none_may_be_missing() -> None:
    table = pd.DataFrame({"param.a": [0, 0, 1, 1], "param.b": [0, 1, 0, 1], "value": [1.0, 2.0, 4.0, 5.0]})
    more = pd.concat([table, table.head(1), table.head(1)])
    assert factorial_shares(more, ["a", "b"]).shares == factorial_shares(table, ["a", "b"]).shares
    assert factorial_shares(pd.concat([table.head(3), table.head(3)]), ["a", "b"]) is None


def test_arms_with_parameters_of_their_own_are_no_factorial_together() -> None:
    own = {"choice": [1, 2], "when": {"pooling": "capsule"}}
    given = [
        {"arm": arm, "value": float(size), "param.pooling": arm, "param.size": size, "param.own": steps}
        for arm, levels in (("capsule", (1, 2)), ("max", (None,)))
        for size in (2, 3)
        for steps in levels
    ]
    made = evidence(given, sweep={"space": {"pooling": ["capsule", "max"], "size": [2, 3], "own": own}})
    assert [arm for arm, _ in importance.analyse(made).factorials] == ["capsule"]
