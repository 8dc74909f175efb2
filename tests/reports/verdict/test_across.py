"""E2 over runs whose answer is known."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from reports.evidence import Evidence
from reports.verdict import AcrossRuns, RunVerdict, tuned_compared, verdict_of
from sweeps.config import SweepConfig

MakeEvidence = Callable[..., Evidence]
Run = tuple[Evidence, RunVerdict]
BASE = [0.9893, 0.9901, 0.9910, 0.9908, 0.9885, 0.9911]
GAINS = [0.0031, 0.0026, 0.0029, 0.0034, 0.0030, 0.0024, 0.0028]


def judged(evidence: Evidence) -> Run:
    return evidence, verdict_of(evidence)


@pytest.fixture
def run(make_evidence: MakeEvidence) -> Callable[..., Run]:
    """`run(3)`: that of seed 3, in which capsule's champion is better by `GAINS[3]` in every pair."""

    def make(seed: int, **changes: Any) -> Run:
        arms = {"capsule": [score + GAINS[seed % len(GAINS)] for score in BASE], "max": BASE}
        return judged(make_evidence(**{**arms, "seed": seed, **changes}))

    return make


def configured(one: Run, **changes: Any) -> Run:
    """The same run of another sweep file."""
    evidence = one[0]
    document = evidence.config.model_dump(mode="json")
    for path, value in changes.items():
        section, _, key = path.partition("__")
        document[section] = {**document[section], key: value} if key else value
    return judged(replace(evidence, config=SweepConfig.from_mapping(document, source="test")))


def planned(one: Run, **changes: Any) -> Run:
    """The same run with another plan, in its verdict as well."""
    evidence = one[0]
    plans = tuple(replace(plan, document={**plan.document, **changes}) for plan in evidence.plans)
    return replace(evidence, plans=plans), one[1]


def test_six_runs_with_a_known_answer(run: Callable[..., Run]) -> None:
    found = tuned_compared([run(seed) for seed in range(6)])
    (each,) = found.estimates
    assert (each.estimand, each.arm, each.baseline, each.n, each.planned) == ("E2", "capsule", "max", 6, 6)
    assert each.difference == pytest.approx(0.0029)  # the mean of six gains, their sd .000358; t(.975, 5) = 2.5706
    assert (each.low, each.high) == pytest.approx((0.0025246, 0.0032754), abs=1e-7)
    assert (each.p, each.verdict, each.won) == (2 / 64, "better, practically", 6)
    assert found.seeds == (0, 1, 2, 3, 4, 5)
    (said,) = found.sentences
    assert said.startswith(
        "capsule against max (tuned against tuned, 8 trials of tuning each, 6 independent runs): test error 0.70 % vs "
        "0.99 %, 0.29 pp lower [95 %: 0.25 to 0.33]. Better, by more than the margin of 0.10 pp."
    )
    assert said.endswith(" No number of runs was planned beforehand (confirm.runs).")


def test_an_arm_that_is_worse_comes_out_worse(run: Callable[..., Run]) -> None:
    found = tuned_compared([run(seed, capsule=BASE, max=[score + GAINS[seed] for score in BASE]) for seed in range(6)])
    (each,) = found.estimates
    assert (each.verdict, each.won) == ("worse, practically", 0)
    assert each.difference == pytest.approx(-0.0029)
    assert "0.29 pp higher" in found.sentences[0]


def test_fewer_runs_than_can_show_anything_are_interim_in_every_place(run: Callable[..., Run]) -> None:
    for many in range(2, 6):
        found = tuned_compared([run(seed) for seed in range(many)])
        assert [each.verdict for each in found.estimates] == ["interim"]
        assert f"Interim: {many} of the 6 runs that it takes at least are there" in found.sentences[0]


def test_the_number_of_runs_that_the_plan_gives_holds(run: Callable[..., Run]) -> None:
    six = tuned_compared([run(seed, runs=7) for seed in range(6)])
    assert (six.estimates[0].planned, six.estimates[0].verdict) == (7, "interim")
    assert six.sentences[0].endswith("Interim: 6 of 7 planned runs are there, and nothing is claimed before.")
    seven = tuned_compared([run(seed, runs=7) for seed in range(7)])
    assert seven.estimates[0].verdict == "better, practically"
    assert seven.sentences[0].endswith("Better, by more than the margin of 0.10 pp.")
    more = tuned_compared([run(seed, runs=6) for seed in range(7)])
    assert more.sentences[0].endswith("6 runs were planned, and there are more.")


@pytest.mark.parametrize(("planned", "first"), [(None, 6), (8, 8)])
def test_every_run_beyond_the_first_ones_is_another_look(
    run: Callable[..., Run], planned: int | None, first: int
) -> None:
    for many in range(first, first + 4):
        found = tuned_compared([run(seed, runs=planned) for seed in range(many)])
        assert [each.alpha for each in found.estimates] == [0.05 / 2 ** (many - first)]
        said = f"since every run beyond the first {first} is another look."
        assert (said in found.sentences[0]) == (many > first)


def test_the_runs_that_count_are_named_by_their_place(run: Callable[..., Run]) -> None:
    again = run(1, notes=False)
    assert tuned_compared([again, run(1), run(0)]).places == (1, 2)


@pytest.mark.parametrize("is_frozen", [True, False])
def test_a_search_that_leaves_an_arm_without_a_champion_is_not_left_out(
    run: Callable[..., Run], is_frozen: bool
) -> None:
    def failing(trials: pd.DataFrame) -> pd.DataFrame:
        gone = (trials["phase"] == "search") & (trials["arm"] == "capsule")
        return trials.assign(state=trials["state"].mask(gone, "failed"))

    sound = [run(seed) for seed in range(6)]
    vain = run(7, capsule=[], planned=6, rows=failing)
    vain = vain if is_frozen else judged(replace(vain[0], plans=()))
    for runs in ([*sound, vain], [vain, *sound]):
        found = tuned_compared(runs)
        assert [each.verdict for each in found.estimates] == ["not valid"]
        assert (
            "Not valid, because tuning capsule failed in the run of seed 7: nothing is claimed." in found.sentences[0]
        )
    other = configured(vain, training__batch_size=64)
    assert [each.verdict for each in tuned_compared([*sound, other]).estimates] == ["better, practically"]


def test_the_order_of_the_runs_changes_nothing(run: Callable[..., Run]) -> None:
    runs = [*(run(seed) for seed in range(6)), run(6, planned=9), run(7, notes=False)]
    expected = tuned_compared(runs)
    for place in range(5):
        random.Random(place).shuffle(runs)
        assert tuned_compared(runs) == expected


def test_a_run_that_is_not_over_or_not_valid_is_left_out_and_named(run: Callable[..., Run]) -> None:
    sound = [run(seed) for seed in range(6)]
    worse = {"capsule": BASE, "max": [score + 0.01 for score in BASE]}
    found = tuned_compared([run(7, **worse, planned=9), *sound, run(8, **worse, notes=False)])
    assert (found.estimates, found.seeds) == (tuned_compared(sound).estimates, (0, 1, 2, 3, 4, 5))
    assert found.sentences[-1] == (
        "Left out: the run of seed 7 (6 of 9 pairs of capsule are there) and the run of seed 8 (12 tests of trials are "
        "not noted in the log)."
    )
    lost = run(6, capsule=[None, *BASE[1:]])
    assert tuned_compared([*sound, lost]).seeds == (*range(7),), "a pair that failed will never come"
    few = tuned_compared([sound[0], run(7, planned=9)])
    assert few.estimates == ()
    assert few.sentences[0].startswith("Tuned against tuned needs several runs")
    assert few.sentences[1].startswith("Left out: the run of seed 7")


def named(found: AcrossRuns) -> str:
    assert not found.estimates
    (sentence,) = found.sentences
    return sentence.removeprefix("The runs ask different questions (").removesuffix(
        "), so their tuned arms are not put together."
    )


@pytest.mark.parametrize(
    ("key", "value"), [("margin", 0.002), ("alpha", 0.1), ("baseline", "capsule"), ("rule", "best_mean"), ("runs", 9)]
)
def test_plans_that_differ_are_named_whatever_the_order(run: Callable[..., Run], key: str, value: object) -> None:
    runs = [run(seed) for seed in range(6)]
    for place in (0, 3, 5):
        other = [planned(each, **{key: value}) if at == place else each for at, each in enumerate(runs)]
        assert named(tuned_compared(other)) == f"confirm.{key} differs"
        assert named(tuned_compared(other[::-1])) == f"confirm.{key} differs"


def test_runs_that_differ_in_more_than_their_seed_are_named(run: Callable[..., Run]) -> None:
    runs = [run(seed) for seed in range(6)]
    for other, words in (
        (configured(runs[2], confirm__champions=2), "confirm.champions differs"),
        (configured(runs[2], search__epochs=3, training__batch_size=64), "search and training differ"),
        (configured(runs[2], dataset__train=60), "dataset differs"),
    ):
        assert named(tuned_compared([*runs[:2], other, *runs[3:]])) == words
    facts = {**runs[2][0].facts, "data": {"classes": 10, "digest": "e" * 64}}
    assert (
        named(tuned_compared([*runs[:2], judged(replace(runs[2][0], facts=facts))])) == "the digest of the data differs"
    )
    moved = configured(runs[2], dataset__file="/elsewhere/mnist.npz")
    assert tuned_compared([*runs[:2], moved, *runs[3:]]).estimates


def test_one_run_given_twice_is_one(run: Callable[..., Run]) -> None:
    assert tuned_compared([run(0), run(1), run(0)]).sentences == (
        "Two runs have the seed 0, so they are one, not two.",
    )
    assert tuned_compared([run(0), run(0, planned=9)]).sentences[0].startswith("Tuned against tuned needs several")


def test_tuned_arms_whose_champions_mostly_fail_are_not_called_better(run: Callable[..., Run]) -> None:
    failing = {"capsule": [0.995, 0.995, *[None] * 4]}
    found = tuned_compared([run(seed, **failing, max=[x - GAINS[seed] for x in BASE]) for seed in range(6)])
    (each,) = found.estimates
    assert (each.verdict, each.failed_arm) == ("undetermined", 24)
    assert (each.verdict_survivors, each.verdict_worst) == ("better, practically", "worse, practically")
    assert (
        "better is not claimed: with each of the 24 failed replicates at chance level it would be worse"
        in found.sentences[0]
    )


def test_whether_there_are_runs_enough_is_a_gate_of_all_together(run: Callable[..., Run]) -> None:
    def runs_of(found: AcrossRuns) -> tuple[str, str]:
        (gate,) = (each for each in found.gates if each.key == "runs")
        return gate.status, gate.detail

    assert runs_of(tuned_compared([run(seed) for seed in range(6)])) == ("pass", "6 of 6 runs")
    assert runs_of(tuned_compared([run(seed) for seed in range(4)])) == ("open", "4 of 6 runs")
    status, detail = runs_of(tuned_compared([run(0)]))
    assert status == "not run"
    assert "needs several runs" in detail
