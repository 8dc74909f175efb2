"""The commands: where every part is put together."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sweeps.cli.console import Console
from sweeps.cli.ending import conclude, export_best, repeat
from sweeps.cli.options import changed, configure, free_directory, read_seconds
from sweeps.cli.terminal import INTERRUPTED, complain, interruptible, told
from sweeps.errors import ConfigError
from sweeps.runlog import RunDirectory, write_whole
from sweeps.stopping import handled
from sweeps.summary import summarise

app = typer.Typer(
    name="capsweep",
    help="Sweep Keras models on Ray with Optuna, and see honestly which is better.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")]
Runs = Annotated[list[Path], typer.Argument(metavar="RUN...", help="One run directory or several.")]
Workers = Annotated[str | None, typer.Option(help="How many workers: a number, or auto.")]
Gpus = Annotated[str | None, typer.Option(help="GPUs of each worker: a number, a fraction, or auto.")]
Address = Annotated[str | None, typer.Option(help="Join this Ray cluster (host:port, or auto).")]
DatasetOption = Annotated[str | None, typer.Option(help="A file mnist.npz, or a name: mnist, digits.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Replace a key of the sweep file.")]
TimeLimit = Annotated[
    str | None, typer.Option(metavar="TIME", help="Stop, resumable, after 90 (seconds), 45m or 8h of training.")
]
Inline = Annotated[bool, typer.Option("--inline", help="Train in this process, without Ray.")]


@app.command()
def launch(
    sweep: Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep file or a preset.")] = "quickstart",
    run_dir: Annotated[Path | None, typer.Option(help="Where the run is kept; runs/NAME if not given.")] = None,
    workers: Workers = None,
    gpus_per_worker: Gpus = None,
    address: Address = None,
    dataset: DatasetOption = None,
    changes: Set = None,
    time_limit: TimeLimit = None,
    inline: Inline = False,
) -> None:
    """Run a sweep to its end; then write the report and the best configs."""
    from sweeps import driver
    from sweeps.images import may_fall_back
    from sweeps.preparation import Means, prepare

    config = configure(sweep, workers=workers, gpus=gpus_per_worker, dataset=dataset, changes=changes)
    directory = RunDirectory(run_dir or free_directory(config.name))
    directory.check_free()
    seconds = read_seconds(time_limit)
    stand_in = may_fall_back(sweep, config, dataset=dataset)
    with Console() as console, interruptible(directory):
        means = Means(inline, address, console.say, console.show, time_limit=seconds)
        prepared = prepare(config, means, may_fall_back=stand_in)
        console.say(f"run directory: {directory.path}")
        conclude(driver.launch(prepared, directory, means), console, dataset=dataset)


@app.command()
def resume(
    run: Run,
    sweep: Annotated[str | None, typer.Argument(metavar="SWEEP", help="A sweep file to compare the run with.")] = None,
    workers: Workers = None,
    gpus_per_worker: Gpus = None,
    address: Address = None,
    dataset: DatasetOption = None,
    changes: Set = None,
    allow: Annotated[list[str] | None, typer.Option(metavar="KEY", help="Take SWEEP's value of this key.")] = None,
    time_limit: TimeLimit = None,
    take_over: Annotated[bool, typer.Option("--take-over", help="Take the run from a driver that holds it.")] = False,
    inline: Inline = False,
) -> None:
    """Go on with an interrupted sweep: finished trials are kept, others go on from their checkpoints.

    More trials (--set search.trials=90), other workers and other fault limits are taken; any other change is refused.
    """
    from sweeps import driver
    from sweeps.preparation import Means

    directory, seconds = RunDirectory(run), read_seconds(time_limit)
    change = partial(
        changed,
        sweep=sweep,
        changes=changes,
        allowed=allow,
        workers=workers,
        gpus=gpus_per_worker,
        dataset=dataset,
    )
    with Console() as console, interruptible(directory):
        means = Means(inline, address, console.say, console.show, time_limit=seconds)
        history = driver.resume(directory, means, replay=console.replay, change=change, take_over=take_over)
        conclude(history, console, dataset=dataset)


@app.command()
def status(run: Run, as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """Show where a run stands."""
    from sweeps.history import read_run

    summary = summarise(read_run(run))
    if as_json:
        typer.echo(json.dumps(asdict(summary), indent=2))
        return
    console = Console()
    for note in summary.notes:
        console.say(note)
    console.say(f"{summary.name}: {summary.state}")
    if summary.waiting:
        console.say(summary.waiting)
    if summary.shares:
        console.say(f"workers' time: {summary.shares}")
    console.table(summary)


@app.command()
def report(
    runs: Runs,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The page to write.")] = None,
    tables: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the tables that the report is computed from, too.")
    ] = None,
) -> None:
    """Build the report: one page that opens offline. RUN may be a folder of tables that a report has written."""
    from reports.analysis import analyse
    from reports.bundle import read_evidence, write_bundle
    from reports.page import write_page
    from reports.together import Together

    path = output or RunDirectory(runs[0]).report
    analyses = [analyse(read_evidence(run)) for run in runs]
    write_page(analyses, path)
    typer.echo(f"report: {path}")
    for place, analysis in enumerate(analyses if tables else ()):
        folder = tables if len(analyses) == 1 else tables / f"run-{place}"  # type: ignore[operator]
        typer.echo(f"tables: {write_bundle(analysis, folder)[-1].parent}")  # type: ignore[arg-type]
    if tables and len(analyses) > 1:
        write_whole(tables / "together.json", Together.of(analyses).statistics_text().encode())


@app.command()
def export(
    run: Run,
    top: Annotated[int | None, typer.Option(min=1, help="How many configs, best first; 1 if not given.")] = None,
    trials: Annotated[
        list[int] | None,
        typer.Option("--trial", metavar="N", help="Train this complete trial again instead, of any phase; repeatable."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder to write to; RUN/best, or RUN/again for --trial, if not given."),
    ] = None,
    dataset: DatasetOption = None,
) -> None:
    """Write the best configs and the models of those very trials; code 1 if a model cannot be had.

    With --trial, train single trials again, write what they are and their models, and compare; code 1 if one does not
    come to the metric that was recorded of it.
    """
    if trials and top is not None:
        raise ConfigError("--trial: names what is exported, and so does --top; leave one of them out")
    if trials:
        whole = repeat(run, trials, folder=output or RunDirectory(run).again, dataset=dataset)
    else:
        whole = export_best(run, top=top or 1, folder=output or RunDirectory(run).best, dataset=dataset)
    if not whole:
        raise typer.Exit(1)


@app.command()
def dashboard(run: Run, port: Annotated[int, typer.Option(min=1, max=65535, help="On 127.0.0.1.")] = 8050) -> None:
    """Watch a run in the browser while it goes on."""
    from reports.dashboard import serve

    serve(run, port=port, ready=lambda address: typer.echo(f"dashboard: {address}  (Ctrl-C ends it)"))


@app.command()
def mirror(
    run: Run,
    url: Annotated[str, typer.Argument(metavar="URL", help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DB.")],
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the sweep has ended.")] = False,
) -> None:
    """Copy the studies of a run to a storage of Optuna's, for optuna-dashboard and its other tools."""
    try:
        with handled(signal.default_int_handler):
            from sweeps.search.mirror import Mirror

            with contextlib.closing(Mirror(run, url)) as copy:
                for name in copy.studies:
                    typer.echo(f"study: {name}")
                typer.echo(f"trials written to {copy.url.shown}: {copy.write():,}")
                if follow:
                    copy.follow()
                    typer.echo("the run has ended, and all of it is there")
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on")
        raise SystemExit(INTERRUPTED) from None


@app.command()
def plan(
    sweep: Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep file or a preset.")],
    workers: Workers = None,
    gpus_per_worker: Gpus = None,
    dataset: DatasetOption = None,
    changes: Set = None,
) -> None:
    """Say what a sweep would run, and build every corner of its space, without starting it."""
    from sweeps.images import may_fall_back
    from sweeps.plan import describe

    config = configure(sweep, workers=workers, gpus=gpus_per_worker, dataset=dataset, changes=changes)
    for line in describe(config, may_fall_back=may_fall_back(sweep, config, dataset=dataset)):
        typer.echo(line)


@app.command()
def schema() -> None:
    """Print the JSON schema of sweep files, from which editors complete and check them."""
    from sweeps.config.schema import sweep_schema

    typer.echo(json.dumps(sweep_schema(), indent=2))


def main() -> None:
    """The command `capsweep`."""
    # A user's own module lies in the current directory; ours are found first, whatever a file there is called.
    sys.path += [str(Path(__file__).parents[2]), os.getcwd()]
    with told():
        app()
