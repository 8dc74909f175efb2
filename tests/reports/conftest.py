"""Run directories made of records alone: no driver, no worker, no model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from reports.analysis import CHAPTERS
from reports.evidence import Evidence, Plan, Predictions
from reports.statistics import Verdict
from reports.tables import _EPOCH, Tables, _frame, trial_columns
from reports.verdict import Gate, RunVerdict
from reports.verdict.estimates import champions_compared, swaps_compared
from reports.view import View
from search_spaces import ParamValue
from sweeps.codec import config_hash, digest
from sweeps.config import SweepConfig
from sweeps.history import History, read_run
from sweeps.records import (
    AnyEvent,
    AttemptStarted,
    DriverStarted,
    EpochEnded,
    ModelFacts,
    Seeds,
    SweepEnded,
    SweepStarted,
    TrialEnded,
    TrialFailed,
    TrialStarted,
    WorkerStarted,
)
from sweeps.runlog import RunDirectory, RunLog, append
from sweeps.selection import score

BEGIN = 1_700_000_000.0
FACTS = MappingProxyType(
    {
        "name": "digits",
        "source": "scikit-learn",
        "digest": "d" * 64,
        "train": 1200,
        "validation": 300,
        "test": 297,
        "split_seed": 0,
        "split": "stratified by label",
        "classes": 10,
        "shape": [28, 28],
    }
)
SWEEP = MappingProxyType(
    {
        "name": "capsule-vs-max",
        "dataset": {"name": "digits", "train": 1200, "validation": 300},
        "space": {
            "pooling": ["capsule", "max", "average"],
            "pool_size": {"int": [2, 4]},
            "routing_steps": {"int": [2, 5], "when": {"pooling": "capsule"}},
            "temperature": {"float": [0.1, 10.0], "log": True, "when": {"pooling": "capsule"}},
            "learning_rate": {"float": [1.0e-4, 1.0e-2], "log": True},
        },
        "compare": "pooling",
        "search": {"trials": 3, "epochs": 3},
    }
)


class Writer:
    """Appends a sweep's events to a run directory, with clocks that advance by whole seconds."""

    def __init__(self, path: Path, sweep: Mapping[str, Any], **header: Any) -> None:
        self.directory = RunDirectory(path)
        self.config = SweepConfig.from_mapping(sweep, source="test")
        self.time = BEGIN
        self.count = 0
        document = self.config.model_dump(mode="json")
        facts = {
            "time": BEGIN,
            "sweep": "3f2a9c",
            "name": self.config.name,
            "config": document,
            "config_digest": digest(document),
            "data": dict(FACTS),
            "commit": "0123456789abcdef0123456789abcdef01234567",
            "dirty": False,
            "versions": {"python": "3.11", "keras": "3.15.1"},
            "notes": (),
        }
        RunLog.create(self.directory).close()
        self.write(SweepStarted(**{**facts, **header}))
        self.write(DriverStarted(time=BEGIN, term=1, host="host", pid=1, cluster="local", workers=2, cpus=2, gpus=0))
        for name in ("w0", "w1"):
            self.write(
                WorkerStarted(
                    time=BEGIN,
                    worker=name,
                    node=f"node-{name}",
                    pid=2,
                    device="CPU",
                    backend="tensorflow",
                    versions={"tensorflow": "2.20"},
                    deterministic=True,
                    seconds=4.0,
                )
            )

    def write(self, event: AnyEvent) -> None:
        append(self.directory, event)

    def start(self, params: Mapping[str, ParamValue], *, worker: str = "w0", build: float = 1.0) -> int:
        """Begin a trial; give its number."""
        number, self.count = self.count, self.count + 1
        arm = params[self.config.compare] if self.config.compare else None
        seeds = Seeds(init=number, order=number + 1, dropout=number + 2, augment=number + 3, split=0)
        self.write(
            TrialStarted(
                time=self._tick(),
                number=number,
                study=f"{self.config.name}/{arm}",
                arm=arm,
                order=number,
                params=dict(params),
                config_hash=config_hash(params),
                shared_hash="shared",
                sampler_phase="startup",
                epochs=self.config.search.epochs,
                seeds=seeds,
            )
        )
        self.write(
            AttemptStarted(time=self.time, number=number, attempt=0, worker=worker, wait_seconds=0.1, concurrency=1)
        )
        self.model = ModelFacts(parameters=1000 + number, macs=None, build_seconds=build, warm=False)
        return number

    def train(self, number: int, values: Sequence[float], *, seconds: float = 2.0, worker: str = "w0") -> None:
        """One epoch report a value."""
        for epoch, value in enumerate(values):
            self.write(
                EpochEnded(
                    time=self._tick(),
                    number=number,
                    attempt=0,
                    worker=worker,
                    epoch=epoch,
                    step=10 * (epoch + 1),
                    metrics={self.config.objective.metric: value, "loss": 1.0 / (epoch + 1)},
                    seconds=seconds,
                    is_first=epoch == 0,
                    traces=1,
                    memory_bytes=10**8,
                    model=self.model if epoch == 0 else None,
                )
            )

    def end(self, number: int, values: Sequence[float], *, state: str = "complete", reason: str | None = None) -> None:
        """Close a trial with what the objective makes of its values."""
        objective = self.config.objective
        result = score(values, direction=objective.direction, at=objective.at) if values else None
        self.write(
            TrialEnded(
                time=self._tick(),
                number=number,
                attempt=0,
                state=state,  # type: ignore[arg-type]
                value=result.value if result and state != "failed" else None,
                epochs=len(values),
                step=10 * len(values),
                last={objective.metric: values[-1]} if values else {},
                best_value=result.best_value if result else None,
                best_epoch=result.best_epoch if result else None,
                prune_step=10 * len(values) if state == "pruned" else None,
                reason=reason,
            )
        )

    def trial(self, params: Mapping[str, ParamValue], values: Sequence[float], **how: Any) -> int:
        """A whole trial: complete, or `state="pruned"`."""
        number = self.start(params, worker=how.pop("worker", "w0"))
        self.train(number, values, seconds=how.pop("seconds", 2.0))
        self.end(number, values, **how)
        return number

    def fail(self, params: Mapping[str, ParamValue], message: str, *, error: str = "ValueError") -> int:
        """A trial whose model could not be trained."""
        number = self.start(params)
        self.write(
            TrialFailed(
                time=self._tick(),
                number=number,
                attempt=0,
                worker="w0",
                error=error,
                message=message,
                traceback="Traceback (most recent call last): ...",
            )
        )
        self.end(number, [], state="failed", reason=f"{error}: {message}")
        return number

    def finish(self, reason: str = "budget met") -> None:
        """The driver ended in good order."""
        self.write(SweepEnded(time=self._tick(), reason=reason))

    def read(self) -> History:
        """The run as it stands."""
        return read_run(self.directory.path)

    def _tick(self) -> float:
        self.time += 1.0
        return self.time


@pytest.fixture
def writer(tmp_path: Path) -> Callable[..., Writer]:
    """Make a run directory: `writer(sweep_changes, **header_changes)`."""
    paths: Iterator[Path] = (tmp_path / f"run{count}" for count in range(100))

    def make(sweep: Mapping[str, Any] | None = None, **header: Any) -> Writer:
        return Writer(next(paths), {**SWEEP, **(sweep or {})}, **header)

    return make


@pytest.fixture
def mixed(writer: Callable[..., Writer]) -> Writer:
    """Three arms; trials that completed, were pruned, failed, and one that still runs."""
    run = writer(notes=("real MNIST could not be had: ran on digits",))
    capsule = {"pooling": "capsule", "pool_size": 2, "routing_steps": 3, "temperature": 1.0, "learning_rate": 1.0e-3}
    plain = {"pooling": "max", "pool_size": 3, "learning_rate": 2.0e-3}
    run.trial(capsule, [0.5, 0.8, 0.90])  # 0
    run.trial(plain, [0.6, 0.7, 0.85], worker="w1", seconds=1.0)  # 1
    run.trial({**capsule, "temperature": 5.0}, [0.3, 0.95], state="pruned", reason="below the median")  # 2
    run.trial({**capsule, "routing_steps": 5, "pool_size": 4}, [0.5, 0.6, 0.94])  # 3
    run.trial({**plain, "pool_size": 4}, [0.6, 0.7, 0.89], worker="w1", seconds=1.0)  # 4
    run.fail(plain, "pool_size: <b>too large</b>")  # 5
    run.trial({"pooling": "average", "pool_size": 2, "learning_rate": 5.0e-4}, [0.7, 0.8, 0.88])  # 6
    run.train(run.start({"pooling": "average", "pool_size": 3, "learning_rate": 9.0e-4}), [0.65])  # 7
    return run


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless browser that reaches for nothing by itself."""
    flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=flags.split())
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Open an address and note everything that it says and asks for."""
    contexts = []

    def visit(address: str, *, offline: bool = True, **context: Any) -> Visit:
        contexts.append(browser.new_context(**context))
        contexts[-1].set_offline(offline)
        seen = Visit(contexts[-1].new_page())
        seen.page.goto(address)
        seen.page.wait_for_selector(".js-plotly-plot .main-svg")
        return seen

    yield visit
    for context in contexts:
        context.close()


class Visit:
    """A page, with its console and its requests."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))


HOSTILE = (
    "</script><script>window.__x=1</script>",
    "<img src=x onerror=window.__x=1>",
    '"><svg onload=window.__x=1>',
    "%{y} %{customdata}",
    "$\\href{javascript:window.__x=1}{x}$",
    "\u202eRTL\u202c 🦉 {{ 7*7 }}",
    "<a href='javascript:window.__x=1'>a</a>",
    "'; window.__x=1; '",
)


@pytest.fixture
def hostile(writer: Callable[..., Writer]) -> Callable[[bool], Writer]:
    """A run in which every string that a run may choose is an attack; or the same run with tame strings."""

    def make(wild: bool) -> Writer:
        texts = HOSTILE if wild else tuple(f"tame{place}" for place in range(len(HOSTILE)))
        joined = " ".join(texts)
        run = writer(
            {
                "name": joined[:120],
                "space": {"pooling": list(texts), "size": [texts[0], texts[2]]},
                "objective": {"metric": texts[1], "direction": "maximize"},
            },
            notes=(joined,),
            data={**FACTS, "name": texts[0], "source": texts[1], "split": texts[2]},
            versions={texts[3]: texts[4]},
            commit=texts[0],
        )
        for place, text in enumerate(texts):
            run.trial({"pooling": text, "size": texts[0]}, [0.5 + place / 100])
            run.trial({"pooling": text, "size": texts[2]}, [0.4], state="pruned", reason=text)
        run.fail({"pooling": texts[0], "size": texts[0]}, joined, error=texts[1])
        return run

    return make


def by_hand(
    rows: Sequence[Mapping[str, Any]],
    *,
    sweep: Mapping[str, Any] | None = None,
    epochs: Sequence[Mapping[str, Any]] = (),
    predictions: Mapping[int, Predictions] | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Evidence:
    """Evidence of trials, each given by what matters of it, in the order of their numbers.

    Without a plan it has one that promises what the sweep asks for, or else as many pairs as there are.
    """
    config = SweepConfig.from_mapping({**SWEEP, **(sweep or {})}, source="test")
    usual = {"phase": "confirm", "study": "s", "order": 0, "state": "complete", "epochs": 1, "step": 1, "seconds": 1.0}
    usual |= {"spent": 1.0, "started": 0.0, "ended": 1.0, "feasible": True, "replicate": 0, "config_hash": "c"}
    usual |= {f"seed.{name}": 0 for name in ("init", "order", "dropout", "augment", "split")}
    full = [{**usual, "number": number, **row} for number, row in enumerate(rows)]
    trials = _frame(full, trial_columns(config))
    metrics = {key: "float64" for row in epochs for key in row if key.startswith("metric.")}
    moments = [{"state": "complete", "step": 1, "seconds": 1.0, "cumulative_seconds": 1.0, **row} for row in epochs]
    empty = pd.DataFrame()
    frames = Tables(trials, _frame(moments, {**_EPOCH, **metrics}), empty, empty, empty)
    document = plan or _promised(config, trials)
    plans = () if document is None else (Plan(1, digest(dict(document)), 0.0, document),)
    standing = {"state": "interrupted", "final": False, "sentence": ""}
    return Evidence(config, {"name": "test", "standing": standing}, frames, plans, predictions or {})


def judged(evidence: Evidence, *, failed: bool = False) -> RunVerdict:
    """The verdict on a run by its comparisons alone, with no gate, or with one that failed."""
    found = [*champions_compared(evidence), *swaps_compared(evidence)]
    gates = (Gate("plan", "A gate", "fail", "it failed", "it failed"),) if failed else ()
    if failed:
        found = [
            replace(each, verdict=str(Verdict.NOT_VALID), verdict_worst=None, verdict_survivors=None) for each in found
        ]
    plan = evidence.plan or {"margin": None, "alpha": None}
    sentences = tuple(f"{each.estimand} {each.arm}." for each in found)
    return RunVerdict(gates, tuple(found), sentences, None, len(evidence.plans), plan["margin"], plan["alpha"])


def _promised(config: SweepConfig, trials: pd.DataFrame) -> dict[str, Any] | None:
    pairs = {phase: trials.loc[trials["phase"] == phase, "pair_id"].dropna() for phase in ("confirm", "swap")}
    seeds = config.confirm.seeds or pairs["confirm"][pairs["confirm"].str.startswith("confirm:0:")].nunique()
    settings = config.swap.settings or pairs["swap"].str.rsplit(":", n=1).str[0].nunique()
    if not seeds and not settings:
        return None
    return {
        "seeds": seeds,
        "swap": {"settings": settings, "seeds": config.swap.seeds},
        "controls": config.controls.model_dump(mode="json"),
        "margin": config.confirm.margin,
        "alpha": config.confirm.alpha,
        "comparisons": len(config.arms) - 1,
        "direction": config.objective.direction,
        "shifts": list(map(str, config.confirm.shifts.each)),
    }


@pytest.fixture
def hand_made() -> Callable[..., Evidence]:
    """Make evidence by hand, see `by_hand`."""
    return by_hand


PHASES = ("search", "confirm", "swap", "controls", "cost_probe")
PAIR_IDS = MappingProxyType({"confirm": "confirm:0:0", "swap": "swap:0:0", "controls": "aa:0", "cost_probe": "cost:0"})


def odd_runs() -> Iterator[tuple[str, Evidence]]:
    """Runs that a view must have something to say about, whatever it is."""
    base = {"confirm": {"baseline": "max"}}
    yield "empty", by_hand([], sweep=base)
    yield "nothing compared", by_hand([{"arm": "all", "phase": "search", "value": 0.5}], sweep={"compare": None})
    yield "no baseline", by_hand([{"arm": "max", "phase": "search", "value": 0.5}])
    one_arm = {"space": {"pooling": ["max"], "size": {"int": [2, 4]}}}
    yield "one arm", by_hand([{"arm": "max", "phase": "search", "value": 0.5}], sweep=one_arm)
    for state, value in (("pruned", 0.5), ("failed", None), ("running", None), ("complete", float("nan"))):
        rows = [
            {"arm": arm, "phase": phase, "state": state, "value": value, "pair_id": PAIR_IDS.get(phase)}
            for phase in PHASES
            for arm in ("capsule", "max", "average")
        ]
        moments = [
            {"number": number, "arm": row["arm"], "state": state, "epoch": 0, "metric.val_accuracy": value}
            for number, row in enumerate(rows)
        ]
        yield f"only {state} {value}", by_hand(rows, sweep=base, epochs=moments)
    hostile = [*HOSTILE[:4], "x" * 10_000]
    rows = [
        {
            "arm": arm,
            "phase": phase,
            "value": 0.5 + place / 100 + index / 1000,
            "test": 0.5 + place / 100,
            "nll": 0.1 + index / 100,
            "shift.rotate 10": 0.4 + place / 100,
            "epoch_seconds": 1.0 + index,
            "pair_id": PAIR_IDS.get(phase) and f"{PAIR_IDS[phase][:-1]}{index}",
            "config_hash": arm[:9],
            "param.size": hostile[index % 5],
        }
        for phase in PHASES
        for place, arm in enumerate(hostile)
        for index in range(3)
    ]
    metric = HOSTILE[1]
    moments = [
        {"number": number, "arm": row["arm"], "epoch": epoch, f"metric.{metric}": row["value"]}
        for number, row in enumerate(rows)
        for epoch in range(2)
    ]
    wild = {"pooling": hostile, "size": hostile}
    objective = {"metric": metric, "direction": "minimize"}
    labels = np.array([0, 1, 2, 1], dtype=np.uint16)
    half = np.full(4, 0.5, dtype=np.float32)
    seen = {
        number: Predictions(labels, np.roll(labels, number % 4), half, half)
        for number, row in enumerate(rows)
        if row["phase"] == "confirm"
    }
    sweep = {"space": wild, "objective": objective, "confirm": {"baseline": hostile[1]}}
    sweep["confirm"]["shifts"] = {"rotate": [10]}
    yield "hostile", by_hand(rows, sweep=sweep, epochs=moments, predictions=seen)


@pytest.fixture(params=odd_runs(), ids=lambda each: each[0].replace(" ", "-"))
def odd_run(request: pytest.FixtureRequest) -> Evidence:
    """One of the odd runs after the other."""
    evidence: Evidence = request.param[1]
    return evidence


def checked(module: ModuleType, evidence: Evidence, *, failed: bool = False) -> list[View]:
    """Everything that a view makes of a run, held to what holds for every view."""
    chapter = next(each for each in CHAPTERS if each.key == module.KEY)
    verdict = judged(evidence, failed=failed)
    result = chapter.analyse(evidence, verdict)
    said = json.dumps(asdict(result), allow_nan=False, sort_keys=True)
    trials, epochs = (each.sample(frac=1, random_state=3) for each in (evidence.frames.trials, evidence.frames.epochs))
    other = replace(evidence, frames=replace(evidence.frames, trials=trials, epochs=epochs))
    assert (
        json.dumps(asdict(chapter.analyse(other, judged(other, failed=failed))), allow_nan=False, sort_keys=True)
        == said
    )
    views = list(chapter.draw(result, evidence, verdict))
    assert views
    assert len({view.key for view in views}) == len(views)
    for view in views:
        assert view.key.startswith(module.KEY)
        assert re.fullmatch(r"[a-z0-9-]+", view.key)
        assert view.caption
        assert view.question.endswith("?")
        assert (view.figure is None) == bool(view.command)
        if view.figure is not None:
            _check_figure(view)
    return views


def _check_figure(view: View) -> None:
    text = view.figure.to_json()
    drawn = json.loads(text, parse_constant=lambda name: pytest.fail(f"{view.key}: {name} in the figure"))
    assert "scattergl" not in text
    points = sum(len(trace.x) for trace in view.figure.data if trace.type == "scatter" and trace.x is not None)
    assert points <= 2_050, view.key
    assert not re.search(r"<(script|img|svg|b>|a )", json.dumps(drawn, ensure_ascii=False)), view.key
    assert not [trace for trace in view.figure.data if "%{y}" in str(getattr(trace, "hovertemplate", ""))], view.key
    assert "textfont" not in text, view.key


@pytest.fixture
def check_views() -> Callable[..., list[View]]:
    """See `checked`."""
    return checked
