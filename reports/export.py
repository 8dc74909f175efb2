"""The best configs as files: `best.yaml`, and the champions' models beside it; or any single trial.

Two exports of one run are byte-identical: nothing in them tells when or where the export was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import yaml

from reports.confirmed import confirmed
from reports.tables import arm_names
from sweeps.errors import ConfigError, RunError
from sweeps.history import History, Trial
from sweeps.records import ArtifactWritten
from sweeps.runlog import write_whole
from sweeps.selection import rank

SCHEMA = 1
Confirmed = Mapping[str, dict[str, object]]


@dataclass(frozen=True)
class _Rankings:
    """The chosen trials, best first, of the whole search and of each arm under `compare`."""

    overall: list[Trial]
    arms: dict[str, list[Trial]]
    candidates: int

    @property
    def trials(self) -> list[Trial]:
        """Each of them once, by number."""
        chosen = {trial.number: trial for trial in chain(self.overall, *self.arms.values())}
        return [chosen[number] for number in sorted(chosen)]


def export_best(run: History, *, top: int, folder: Path) -> list[Path]:
    """Write the best `top` configs overall and of each arm, with the models that the run holds of them.

    Args:
        run: The run.
        top: How many of each ranking.
        folder: Where to write; made if need be.

    Returns:
        What was written, `best.yaml` first.

    Raises:
        ConfigError: If `top` is below 1.
        RunError: If no trial is complete, or if a model's file is missing or is not the one that was logged. Nothing is
            written then.
    """
    rankings = _rankings(run, top)
    models = {trial.number: _model_bytes(run, trial) for trial in rankings.trials if "model" in trial.artifacts}
    files = {folder / model_name(number): payload for number, payload in models.items()}
    files[folder / "best.yaml"] = _as_yaml(_document(run, rankings))  # last: it names no file that is not there
    for path, payload in files.items():
        write_whole(path, payload)
    return [*files][::-1]


def trials_without_model(run: History, top: int) -> list[Trial]:
    """The trials that `export_best` would choose and of which the run holds no model, by number.

    Raises:
        ConfigError: If `top` is below 1.
        RunError: If no trial is complete.
    """
    return [trial for trial in _rankings(run, top).trials if "model" not in trial.artifacts]


def export_trial(run: History, trial: Trial, model: bytes | None, *, folder: Path) -> list[Path]:
    """Write what it takes to repeat one trial, of any phase, with the model that it came to when it was trained again.

    Args:
        run: The run.
        trial: One of its, complete.
        model: A `.keras` file; None if the trial did not repeat.
        folder: Where to write; made if need be.

    Returns:
        What was written, the entry first.
    """
    entry = {"phase": trial.spec.phase, **_entry(run, trial, confirmed(run), has_model=model is not None)}
    files = {} if model is None else {folder / model_name(trial.number): model}
    files[(folder / model_name(trial.number)).with_suffix(".yaml")] = _as_yaml(
        {**_sweep(run), **_circumstances(run), "trials": [entry]}
    )
    for path, payload in files.items():
        write_whole(path, payload)
    return [*files][::-1]


def model_name(number: int) -> str:
    """The file of an exported trial's model."""
    return f"trial-{number:05d}.keras"


def _rankings(run: History, top: int) -> _Rankings:
    if top < 1:
        raise ConfigError(f"top: must be at least 1, got {top}")
    ranked = _ranked(run)
    if not ranked:
        raise RunError(
            f"{run.directory.path}: there is nothing to export: no trial is complete with a finite "
            f"{run.config.objective.metric} ({len(run.trials)} started)"
        )
    names = arm_names(run.config) if run.config.compare else {}
    arms = {name: [trial for trial in ranked if trial.spec.arm == arm][:top] for arm, name in names.items()}
    return _Rankings(ranked[:top], arms, len(ranked))


def _ranked(run: History) -> list[Trial]:
    """Complete trials of the search, best first: other phases train chosen configs again and are no candidates."""
    ended = [trial.ended for trial in run.searched if trial.ended]
    return [run.trials[result.number] for result in rank(ended, direction=run.config.objective.direction)]


def _model_bytes(run: History, trial: Trial) -> bytes:
    """The model of a trial, after a look at its digest."""
    artifact = trial.artifacts["model"]
    path = _inside(run, artifact)
    try:
        payload = path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: the model of trial {trial.number} cannot be read: {error.strerror}") from None
    found = hashlib.sha256(payload).hexdigest()
    if found != artifact.digest:
        raise RunError(
            f"{path}: not the model that trial {trial.number} wrote: its sha256 begins with {found[:12]}, "
            f"the logged one with {artifact.digest[:12]}; put the file back as it was"
        )
    return payload


def _inside(run: History, artifact: ArtifactWritten) -> Path:
    """The file of an artifact; a log from elsewhere must not make us copy a file outside its run."""
    root = run.directory.path.resolve()
    path = (root / artifact.path).resolve()
    if not path.is_relative_to(root):
        raise RunError(f"{run.directory.events}: an artifact's path must lie in the run directory, got {artifact.path}")
    return path


def _document(run: History, rankings: _Rankings) -> dict[str, object]:
    known = confirmed(run)
    arms = {name: _entries(run, trials, known) for name, trials in rankings.arms.items()}
    return {
        **_sweep(run),
        "selection": _rule(run, rankings.candidates),
        **_circumstances(run),
        "overall": _entries(run, rankings.overall, known),
        **({"arms": arms} if arms else {}),
    }


def _sweep(run: History) -> dict[str, object]:
    header = run.header
    return {
        "schema": SCHEMA,
        "sweep": {"name": header.name, "id": header.sweep, "config_digest": header.config_digest},
        "model": run.config.model.model_dump(),
        "training": run.config.training.model_dump(),
    }


def _circumstances(run: History) -> dict[str, object]:
    header = run.header
    return {
        "data": dict(header.data),
        "notes": list(header.notes),
        "code": {"commit": header.commit, "dirty": header.dirty},
        "versions": dict(header.versions),
    }


def _as_yaml(document: dict[str, object]) -> bytes:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100).encode()


def _rule(run: History, n: int) -> dict[str, object]:
    objective = run.config.objective
    highest = "highest" if objective.direction == "maximize" else "lowest"
    return {
        "metric": objective.metric,
        "direction": objective.direction,
        "at": objective.at,
        "complete_trials": n,
        "in_words": (
            f"the {highest} {objective.metric} at the {objective.at} epoch, chosen on validation data from {n} "
            f"complete trials: the best of {n} by selection, so its value is optimistic and is no verdict on the arms"
        ),
    }


def _entries(run: History, trials: Sequence[Trial], known: Confirmed) -> list[dict[str, object]]:
    return [
        {"rank": place, **_entry(run, trial, known, has_model="model" in trial.artifacts)}
        for place, trial in enumerate(trials, 1)
    ]


def _entry(run: History, trial: Trial, known: Confirmed, *, has_model: bool) -> dict[str, object]:
    ended, evidence = trial.ended, known.get(trial.spec.config_hash)
    return {
        "trial": trial.number,
        "arm": trial.spec.arm,
        "params": dict(trial.spec.params),
        "config_hash": trial.spec.config_hash,
        "metric": run.config.objective.metric,
        "value": ended.value if ended else None,
        "epochs": ended.epochs if ended else None,
        "seeds": asdict(trial.spec.seeds),
        "model": model_name(trial.number) if has_model else None,
        **({"confirmed": deepcopy(evidence)} if evidence else {}),  # YAML would write the same object as an alias
    }
