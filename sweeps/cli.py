"""The command line: where every part is put together. `capsweep --help` lists the commands."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from search_spaces import CapsweepError
from sweeps.config import SweepConfig
from sweeps.console import Console
from sweeps.runlog import RunDirectory
from sweeps.summary import summarise

if TYPE_CHECKING:
    from sweeps.history import History

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
    inline: Inline = False,
) -> None:
    """Run a sweep to its end; then write the report and the best configs."""
    from sweeps import driver

    config = _configure(sweep, workers=workers, gpus=gpus_per_worker, dataset=dataset, changes=changes)
    directory = RunDirectory(run_dir or _free_directory(config.name))
    directory.check_free()
    may_fall_back = driver.may_fall_back(sweep, config, dataset=dataset)
    with Console() as console:
        means = driver.Means(inline=inline, address=address, say=console.say, on_event=console.show)
        prepared = driver.prepare(config, means, may_fall_back=may_fall_back)
        console.say(f"run directory: {directory.path}")
        with _interruptible(directory):
            history = driver.launch(prepared, directory, means)
    _conclude(history, console)


@app.command()
def resume(run: Run, address: Address = None, inline: Inline = False) -> None:
    """Go on with an interrupted sweep: finished trials are kept, unfinished ones trained again."""
    from sweeps import driver

    directory = RunDirectory(run)
    with Console() as console:
        means = driver.Means(inline=inline, address=address, say=console.say, on_event=console.show)
        with _interruptible(directory):
            history = driver.resume(directory, means, replay=console.replay)
    _conclude(history, console)


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
    share = "" if summary.busy_share is None else f"; workers spent {summary.busy_share:.0%} of their time training"
    console.say(f"{summary.name}: {summary.state}{share}")
    console.table(summary)


@app.command()
def report(
    runs: Runs, output: Annotated[Path | None, typer.Option("-o", "--output", help="The page to write.")] = None
) -> None:
    """Build the report: one page that opens offline."""
    from reports.page import write_report
    from sweeps.history import read_run

    path = output or RunDirectory(runs[0]).report
    write_report([read_run(run) for run in runs], path)
    typer.echo(f"report: {path}")


@app.command()
def export(
    run: Run,
    top: Annotated[int, typer.Option(min=1, help="How many configs, best first.")] = 1,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to write to; RUN/best if not given.")
    ] = None,
) -> None:
    """Write the best configs and the models of those very trials."""
    _export(run, top=top, folder=output or RunDirectory(run).best)


@app.command()
def dashboard(run: Run, port: Annotated[int, typer.Option(min=1, max=65535, help="On 127.0.0.1.")] = 8050) -> None:
    """Watch a run in the browser while it goes on."""
    from reports.dashboard import serve

    serve(run, port=port, ready=lambda address: typer.echo(f"dashboard: {address}  (Ctrl-C ends it)"))


@app.command()
def plan(
    sweep: Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep file or a preset.")],
    workers: Workers = None,
    gpus_per_worker: Gpus = None,
    dataset: DatasetOption = None,
    changes: Set = None,
) -> None:
    """Say what a sweep would run, and build every corner of its space, without starting it."""
    from sweeps.driver import may_fall_back
    from sweeps.plan import describe

    config = _configure(sweep, workers=workers, gpus=gpus_per_worker, dataset=dataset, changes=changes)
    for line in describe(config, may_fall_back=may_fall_back(sweep, config, dataset=dataset)):
        typer.echo(line)


def main() -> None:
    """The command `capsweep`: a user's error is one message and exit code 2, ours a traceback."""
    # A user's own module lies in the current directory, as it would for `python -m`.
    sys.path.insert(0, os.getcwd())
    try:
        app()
    except CapsweepError as error:
        _fail(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}")


def _fail(message: str) -> None:
    print(f"capsweep: {message}", file=sys.stderr)
    sys.exit(2)


def _configure(
    sweep: str, *, workers: str | None, gpus: str | None, dataset: str | None, changes: list[str] | None
) -> SweepConfig:
    """The sweep file with the options in place; options win over `--set`, which wins over the file."""
    overrides = list(changes or [])
    overrides += [f"workers.count={workers}"] if workers is not None else []
    overrides += [f"workers.gpus={gpus}"] if gpus is not None else []
    config = SweepConfig.load(sweep, changes=tuple(overrides))
    return config if dataset is None else _on_dataset(config, dataset)


def _on_dataset(config: SweepConfig, dataset: str) -> SweepConfig:
    from sweeps import driver
    from sweeps.datasets import LOADERS

    if dataset not in LOADERS:
        return driver.replace_dataset(config, {"name": "mnist", "file": str(Path(dataset).absolute())})
    sizes: dict[str, Any] = driver.FALLBACK if dataset == driver.FALLBACK["name"] else {"name": dataset}
    return driver.replace_dataset(config, {"file": None, **sizes})


def _free_directory(name: str) -> Path:
    """`runs/NAME`, or the first of `runs/NAME-2`, `-3`, ... that is not there yet."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name).strip(".") or "sweep"
    base, number = Path("runs") / safe, 2
    path = base
    while path.exists():
        path, number = base.with_name(f"{base.name}-{number}"), number + 1
    return path


@contextlib.contextmanager
def _interruptible(directory: RunDirectory) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a line that says how to go on, and exit code 130."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        if directory.events.exists():
            print(f"interrupted; `capsweep resume {directory.path}` goes on", file=sys.stderr)
        raise SystemExit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _conclude(history: History, console: Console) -> None:
    """What every sweep ends with: the report, the best configs, and the arms side by side."""
    from reports.page import write_report

    directory = history.directory
    summary = summarise(history)
    console.table(summary)
    write_report([history], directory.report)
    console.say(f"report: {directory.report}")
    if any(arm.best for arm in summary.arms):
        _export(directory.path, top=1, folder=directory.best)
    else:
        console.say("best configs: none, no trial is complete")


def _export(run: Path, *, top: int, folder: Path) -> None:
    from reports.export import export_best, trials_without_model
    from sweeps.history import read_run
    from sweeps.records import Audited
    from sweeps.runlog import append

    history = read_run(run)
    missing = trials_without_model(history, top)
    if missing:
        from sweeps.retraining import retrain_models

        typer.echo(f"training {len(missing)} of the models again, from their recorded seeds")
        retrain_models(history, missing)
        history = read_run(run)
    for path in export_best(history, top=top, folder=folder):
        typer.echo(f"best: {path}")
    append(history.directory, Audited(action="export", detail=f"top {top} to {folder}"))
