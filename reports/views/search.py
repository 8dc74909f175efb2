"""The figures of one run's search in reading order, each with its heading, its sentence and its numbers.

The page and the dashboard show these same views; `tables` comes first, so that all of them agree.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports import captions, figures
from reports.grids import SECONDS
from reports.parallel import parallel_coordinates
from reports.ranks import in_all, rank_plot, standing
from reports.rollup import ranked
from reports.tables import Tables, arm_names
from reports.theme import Look, styles
from reports.view import View
from search_spaces import Domain
from sweeps.config import SweepConfig


def look_of(config: SweepConfig) -> Look:
    """The metric, direction and arm styles of a sweep."""
    objective = config.objective
    arms = styles(list(arm_names(config).values()))
    return Look(objective.metric, objective.direction, config.compare, arms)


def views(config: SweepConfig, frames: Tables) -> Iterator[View]:
    """All figures of a run's search, in reading order."""
    look = look_of(config)
    search = frames.trials[frames.trials["phase"] == "search"]
    yield _best(frames, search, look)
    yield from _progress(frames.progress, look)
    yield _curves(frames.epochs, search, look)
    domains = {name: p.domain for name, p in config.space.parameters.items() if name != config.compare}
    for place, (name, domain) in enumerate(domains.items()):
        yield _parameter(search, look, name, domain, key=f"parameter-{place}")
    if len(two := in_all(search, domains)) == 2:
        yield _ranks(search, two, look)
    yield _parallel(search, domains, look)


def _best(frames: Tables, search: pd.DataFrame, look: Look) -> View:
    data = ranked(search, direction=look.direction)[["arm", "number", "value"]]
    return View(
        "best",
        "Best of each arm" if look.compare else "Best trial",
        captions.best_per_arm(frames.arms, look),
        figures.best_per_arm(search, look),
        data.rename(columns={"number": "trial", "value": look.metric}),
    )


def _progress(progress: pd.DataFrame, look: Look) -> Iterator[View]:
    steps = pd.concat([figures.improvements(progress[progress["arm"] == arm]) for arm in look.styles])
    data = steps[["arm", "trials", "seconds", "best", "best_number"]].rename(
        columns={"trials": "ended trials", "seconds": SECONDS, "best_number": "by trial"}
    )
    for by, title in (("trials", "Best so far, by trials"), ("seconds", "Best so far, by worker time")):
        caption = captions.progress(progress, look, by=by)
        yield View(f"progress-{by}", title, caption, figures.progress(progress, look, by=by), data)  # type: ignore[arg-type]


def _curves(epochs: pd.DataFrame, search: pd.DataFrame, look: Look) -> View:
    epochs = epochs[epochs["number"].isin(search["number"])]
    metric = f"metric.{look.metric}"
    columns = epochs.assign(epoch=epochs["epoch"] + 1, **({} if metric in epochs else {metric: float("nan")}))
    grouped = columns.groupby(["arm", "epoch"], sort=False)[metric]
    data = grouped.agg(["size", "min", "median", "max"]).reset_index().rename(columns={"size": "trials left"})
    return View(
        "curves",
        "Learning curves",
        captions.learning_curves(search),
        figures.learning_curves(epochs, search, look),
        data,
    )


def _parameter(search: pd.DataFrame, look: Look, name: str, domain: Domain, *, key: str) -> View:
    column = f"param.{name}"
    rows = search[search[column].notna() & search["value"].notna()]
    data = rows[["arm", "number", "state", column, "value"]]
    return View(
        key,
        name,
        captions.parameter(search, look, name),
        figures.parameter(search, look, name, domain),
        data.set_axis(["arm", "trial", "state", name, look.metric], axis=1),
        group=f"Each parameter against {look.metric}",
    )


def _ranks(search: pd.DataFrame, two: dict[str, Domain], look: Look) -> View:
    columns = ["number", "arm", *(f"param.{name}" for name in two), "value", "beaten"]
    return View(
        "ranks",
        f"{' and '.join(two)} together",
        captions.ranks(search, look, list(two)),
        rank_plot(search, look, two),
        standing(search, look)[columns].set_axis(["trial", "arm", *two, look.metric, "share beaten"], axis=1),
    )


def _parallel(search: pd.DataFrame, domains: dict[str, Domain], look: Look) -> View:
    columns = ["number", "arm", *(f"param.{name}" for name in domains), "value"]
    data = ranked(search, direction=look.direction)[columns]
    return View(
        "parallel",
        "All parameters at once",
        captions.parallel(search, look),
        parallel_coordinates(search, domains, look),
        data.set_axis(["trial", "arm", *domains, look.metric], axis=1),
    )
