"""What ran, in words: the title, the paragraph under it, the facts to repeat or doubt it, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reports.tables import Tables
from reports.words import count, listed
from sweeps.history import History

CAVEAT = (
    "These are search results. The best trial of an arm was chosen on the validation set from everything tried, so its "
    "value is optimistic, the more so the more trials there were. It is no comparison of the arms: that takes the "
    "chosen configs trained again with fresh seeds and judged on data that no choice has seen."
)


@dataclass(frozen=True)
class Standing:
    """How far a run has come.

    Attributes:
        state: `running` (a driver holds the run), `interrupted` (none does, and it did not end) or `ended`.
        final: Whether it ended with its whole budget spent; everything else is interim.
        sentence: The same for a reader.
    """

    state: Literal["running", "interrupted", "ended"]
    final: bool
    sentence: str


def title(run: History) -> str:
    """The sweep's name and its data, without the notes."""
    return f"{run.header.name} on {run.header.data.get('name', 'unnamed data')}"


def standing(run: History, frames: Tables) -> Standing:
    """How far a run has come, and whether its numbers may still change."""
    done = int((frames.arms["started"] - frames.arms["running"]).sum())
    if run.config.search.trials is None:
        seconds, planned = frames.arms["seconds"].sum(), frames.arms["budget"].sum()
        progress = f"{count(done, 'trial')} ended, {seconds:,.0f} of {planned:,.0f} worker seconds spent"
    else:
        progress = f"{done:,} of {count(int(frames.arms['budget'].sum()), 'planned trial')} ended"
    if run.ended:
        return Standing("ended", True, f"Ended ({run.ended.reason}), {progress}.")
    if run.directory.is_driven():
        return Standing("running", False, f"Interim: still running, {progress}.")
    how = f"stopped ({run.stopped.reason})" if run.stopped else "interrupted"
    return Standing("interrupted", False, f"Interim: {how}, {progress}; it can be resumed.")


def paragraph(run: History, frames: Tables) -> str:
    """What ran, in three sentences."""
    config, objective, data = run.config, run.config.objective, run.header.data
    arms = f"compares {listed(list(frames.arms['arm']))} ({config.compare}), with" if config.compare else "spends"
    budget = f"{config.search.budget_in_words}{' in each' if config.compare else ''}"
    highest = "highest" if objective.direction == "maximize" else "lowest"
    return (
        f"The sweep {arms} {budget} of up to {count(config.search.epochs, 'epoch')}. "
        f"Every trial trains {config.model.build} on {_count(data, 'train')} examples of {data.get('name', 'no name')} "
        f"and is judged on {_count(data, 'validation')} others, the validation set. "
        f"Best means the {highest} {objective.metric} at the {objective.at} epoch of a complete trial."
    )


def facts(run: History) -> list[tuple[str, str]]:
    """What it takes to repeat the sweep, or to doubt it: name and text, in order."""
    header, config, data = run.header, run.config, run.header.data
    some = f"{config.dataset.test:,} of " if config.dataset.test else ""
    commit = f"{header.commit}{' with uncommitted changes' if header.dirty else ''}" if header.commit else "unknown"
    return [
        ("Sweep", f"{header.name} ({header.sweep}), seed {config.seed}"),
        ("Model", f"{config.model.build} {_settings(dict(config.model.args))}".strip()),
        ("Data", f"{data.get('name')} from {data.get('source')}"),
        ("Data digest", str(data.get("digest"))),
        ("Split", f"{data.get('split')}, seed {data.get('split_seed')}"),
        ("Test set", f"{some}{_count(data, 'test')} examples, {_opened(run)}"),
        ("Training", _settings(config.training.model_dump())),
        ("Sampler", f"{config.search.sampler.name} {_settings(config.search.sampler.settings)}".strip()),
        ("Pruner", f"{config.search.pruner.name} {_settings(config.search.pruner.settings)}".strip()),
        ("Workers", _workers(run)),
        ("Workers' time", str(run.utilisation.shares() or "none yet")),
        ("Versions", ", ".join(f"{name} {version}" for name, version in header.versions.items())),
        ("Commit", commit),
    ]


def _opened(run: History) -> str:
    reads = sum(audit.action == "test set read" for audit in run.audits)
    return f"read {count(reads, 'time')}, each noted in the log" if reads else "unread"


def _count(data: dict[str, object], key: str) -> str:
    value = data.get(key)
    return f"{value:,}" if isinstance(value, int) else "an unknown number of"


def _settings(values: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _workers(run: History) -> str:
    devices = dict.fromkeys(f"{worker.device} ({worker.backend})" for worker in run.workers)
    nodes = len({worker.node for worker in run.workers})
    names = len({worker.worker for worker in run.workers})
    drivers = f"; resumed {count(len(run.drivers) - 1, 'time')}" if len(run.drivers) > 1 else ""
    return f"{count(names, 'worker')} on {count(nodes, 'node')}: {', '.join(devices) or 'none ready'}{drivers}"
