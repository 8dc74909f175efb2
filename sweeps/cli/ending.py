"""What a command ends with, where both packages meet: the report, the best configs, trials trained again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sweeps.cli.console import Console
from sweeps.cli.options import relocated
from sweeps.cli.terminal import complain
from sweeps.summary import summarise

if TYPE_CHECKING:
    from sweeps.history import History


def conclude(history: History, console: Console, *, dataset: str | None) -> None:
    """What every sweep ends with: the report, the best configs, and the arms side by side."""
    from reports.analysis import analyse
    from reports.evidence import evidence_of
    from reports.page import write_page

    directory = history.directory
    summary = summarise(history)
    console.table(summary)
    analysis = analyse(evidence_of(history))
    write_page([analysis], directory.report)
    for sentence in analysis.verdict.sentences:
        console.say(sentence)
    console.say(f"report: {directory.report}")
    if not any(arm.best for arm in summary.arms):
        complete = sum(arm.states.get("complete", 0) for arm in summary.arms)
        bounds = ", ".join(history.config.objective.constraints)
        why = f"{complete} trials are complete, none within objective.constraints ({bounds})"
        why = why if complete else "no trial is complete"
        complain(f"capsweep: {why}, so there are no best configs; the report says why")
        raise typer.Exit(1)
    export_best(directory.path, top=1, folder=directory.best, dataset=dataset)


def export_best(run: Path, *, top: int, folder: Path, dataset: str | None) -> bool:
    """Write the best configs; whether all of their models are with them."""
    from reports import export
    from sweeps.history import read_run
    from sweeps.records import Audited
    from sweeps.runlog import append

    history = read_run(run)
    missing = export.trials_without_model(history, top)
    problems: list[str] = []
    if missing:
        from sweeps.retraining import retrain_models

        typer.echo(f"training {len(missing)} of the models again, from their recorded seeds")
        problems = retrain_models(history, missing, config=relocated(history.config, dataset=dataset))
        history = read_run(run)
    append(history.directory, Audited(action="export", detail=f"top {top} to {folder}"))
    for path in export.export_best(history, top=top, folder=folder):
        typer.echo(f"best: {path}")
    for problem in problems:
        complain(f"capsweep: {problem}")
    return not problems


def repeat(run: Path, numbers: list[int], *, folder: Path, dataset: str | None) -> bool:
    """Train single trials again, and write each as it ends; whether all came to what was recorded of them."""
    from reports.export import export_trial
    from sweeps import retraining
    from sweeps.history import read_run
    from sweeps.records import Audited
    from sweeps.runlog import append

    history = read_run(run)
    trials = retraining.complete_trials(history, numbers)
    whole = True
    for again in retraining.repeat(history, trials, config=relocated(history.config, dataset=dataset)):
        number, repeats = again.trial.number, again.model is not None
        append(history.directory, Audited(action="export", detail=f"trial {number}, trained again, to {folder}"))
        for path in export_trial(history, again.trial, again.model, folder=folder):
            typer.echo(f"again: {path}")
        if repeats:
            typer.echo(again.said)
        else:
            complain(f"capsweep: {again.said}")
        whole = whole and repeats
    return whole
