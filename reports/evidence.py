"""All that a report is computed from: frames and facts, from a run's log or from the tables that a report exported."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.sheets import digest_of
from reports.summary import facts, paragraph, standing, title
from reports.tables import Tables, arm_names, tables
from reports.theme import Look, styles
from search_spaces import ParamValue
from sweeps import codec
from sweeps.artifacts import read_artifact
from sweeps.config import SweepConfig
from sweeps.history import History
from sweeps.records import ArtifactWritten, Phase

PREDICTIONS, DISPUTED = "predictions", "disputed"
_OF_AN_ARM = ("layers", "routing", "unseen")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model made of every example of the test set, (n,) each, in the order of the test set.

    Attributes:
        label: The true class.
        predicted: The class that the model gives.
        confidence: Its probability.
        p_true: The true class's probability.
    """

    label: npt.NDArray[np.uint16]
    predicted: npt.NDArray[np.uint16]
    confidence: npt.NDArray[np.float32]
    p_true: npt.NDArray[np.float32]

    @classmethod
    def read(cls, payload: bytes) -> Predictions:
        """From a file that a worker wrote."""
        with np.load(io.BytesIO(payload), allow_pickle=False) as file:
            return cls(file["label"], file["predicted"], file["confidence"], file["p_true"])

    def to_bytes(self) -> bytes:
        """As the file of a worker."""
        file = io.BytesIO()
        np.savez_compressed(
            file, label=self.label, predicted=self.predicted, confidence=self.confidence, p_true=self.p_true
        )
        return file.getvalue()

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether the class is the true one."""
        return np.asarray(self.predicted == self.label)


@dataclass(frozen=True)
class Plan:
    """A frozen analysis plan.

    Attributes:
        revision: From 1.
        digest: The sha256 of `document`.
        time: Seconds since the sweep's start.
        document: What was frozen, see `sweeps.phases.plan`.
        place: Of its event in the log; None where the evidence does not say.
    """

    revision: int
    digest: str
    time: float
    document: Mapping[str, Any]
    place: int | None = None

    @property
    def is_authentic(self) -> bool:
        """Whether the document is the one whose digest was taken."""
        return codec.digest(dict(self.document)) == self.digest


@dataclass(frozen=True)
class Gone:
    """A file that the log names and that is not there any more, or not as it was written.

    Attributes:
        path: Where it was, below the run directory.
        kind: `predictions`, or what it showed (see `Evidence.pictures`).
        arm: Of the trial that wrote it; empty for a file of all arms together.
        number: The trial's, None for such a file.
    """

    path: str
    kind: str
    arm: str
    number: int | None


@dataclass(frozen=True, eq=False)
class Evidence:
    """One run, as far as a report looks at it; nothing else of the run is read.

    Attributes:
        config: The sweep.
        facts: Of JSON alone: `title`, `standing`, `paragraph` and `described` as in `reports.summary`; `sweep` (its
            id), `name`, `data`, `versions`, `commit`, `dirty`, `notes`, `lost` (attempts), `workers` (a list of
            `worker`, `node`, `device`, `backend`, `versions`, `deterministic`), `studies` (see `StudyCreated`),
            `audits` (`time`, `action`, `detail`, and `place` in the log).
        frames: See `reports.tables`.
        plans: Every revision of the analysis plan, in order; empty before any.
        predictions: Of confirm trials, by number.
        pictures: Files of each arm's first confirmed replicate by kind (`layers`, and `routing` or `unseen`); under the
            empty name those of all arms together (`disputed`).
        gone: Files of either sort that cannot be read.
        altered: Files of exported tables that are not as they were written; None where the tables do not say how they
            were.
    """

    config: SweepConfig
    facts: Mapping[str, Any]
    frames: Tables
    plans: tuple[Plan, ...] = ()
    predictions: Mapping[int, Predictions] = field(default_factory=dict)
    pictures: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    gone: tuple[Gone, ...] = ()
    altered: tuple[str, ...] | None = ()

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The sha256 of each table that every number is computed from, as its exported file has it."""
        trials, epochs = self.frames.trials, self.frames.epochs
        return {
            "trials": digest_of(trials.sort_values("number")),
            "epochs": digest_of(epochs.sort_values(["number", "epoch"])),
        }

    @property
    def plan(self) -> Mapping[str, Any] | None:
        """The plan that holds."""
        return self.plans[-1].document if self.plans else None

    @cached_property
    def look(self) -> Look:
        """The metric, its direction, and what every arm looks like."""
        objective = self.config.objective
        return Look(objective.metric, objective.direction, self.config.compare, styles(list(self.arms.values())))

    @property
    def arms(self) -> Mapping[ParamValue | None, str]:
        """Every arm with its name, in the order of the sweep file."""
        return arm_names(self.config)

    @property
    def baseline(self) -> str | None:
        """The name of the arm that others are compared with; None where nothing is compared."""
        named = self.config.baseline
        return None if named is None else str(named)

    def confirmed(self, place: int = 0) -> pd.DataFrame:
        """The confirm trials of each arm's champion at a place, by default the first, which the verdict is about."""
        trials = self.trials("confirm")
        return trials[trials["pair_id"].str.startswith(f"confirm:{place}:", na=False)]

    def trials(self, phase: Phase) -> pd.DataFrame:
        """The trials of a phase."""
        return self.frames.trials[self.frames.trials["phase"] == phase]


def evidence_of(run: History) -> Evidence:
    """Read all that a report needs of a run; a file that cannot be read is named, and the rest stands.

    Raises:
        RunError: If the log is empty.
    """
    plans = tuple(
        Plan(plan.revision, plan.digest, plan.time - run.header.time, dict(plan.plan), place)
        for plan, place in zip(run.plans, run.plans_at, strict=True)
    )
    frames = tables(run)
    predictions: dict[int, Predictions] = {}
    pictures: dict[str, dict[str, bytes]] = {}
    gone = []
    for arm, written in _named(run):
        payload = read_artifact(run.directory, written)
        if payload is None:
            gone.append(Gone(written.path, written.kind, arm, written.number))
        elif written.kind == PREDICTIONS and written.number is not None:
            predictions[written.number] = Predictions.read(payload)
        else:
            pictures.setdefault(arm, {}).setdefault(written.kind, payload)
    return Evidence(run.config, _facts(run, frames), frames, plans, predictions, pictures, tuple(gone))


def _facts(run: History, frames: Tables) -> dict[str, Any]:
    header = run.header
    return {
        "title": title(run),
        "standing": asdict(standing(run, frames)),
        "paragraph": paragraph(run, frames),
        "described": facts(run),
        "lost": len(run.lost),
        "sweep": header.sweep,
        "name": header.name,
        "data": dict(header.data),
        "versions": dict(header.versions),
        "commit": header.commit,
        "dirty": header.dirty,
        "notes": list(header.notes),
        "workers": [
            {
                "worker": worker.worker,
                "node": worker.node,
                "device": worker.device,
                "backend": worker.backend,
                "versions": dict(worker.versions),
                "deterministic": worker.deterministic,
            }
            for worker in run.workers
        ],
        "studies": [
            {
                "study": study.study,
                "arm": study.arm,
                "budget": study.budget,
                "unit": study.unit,
                "cohort": study.cohort,
                "size": study.size,
                "sampler": study.sampler,
                "sampler_settings": dict(study.sampler_settings),
                "pruner": study.pruner,
                "pruner_settings": dict(study.pruner_settings),
                "startup_trials": study.startup_trials,
                "space": dict(study.space),
                "space_digest": study.space_digest,
            }
            for study in run.studies
        ],
        "audits": [
            {"time": audit.time - header.time, "action": audit.action, "detail": audit.detail, "place": place}
            for audit, place in zip(run.audits, run.audits_at, strict=True)
        ],
    }


def _named(run: History) -> Iterator[tuple[str, ArtifactWritten]]:
    """The files that a report needs, as the log names them, each with the arm of its trial."""
    names = arm_names(run.config)
    for _, trial in sorted(run.trials.items()):
        is_first = (trial.spec.pair_id or "").startswith("confirm:0:")
        for kind in (PREDICTIONS, *(_OF_AN_ARM if is_first else ())):
            if kind in trial.artifacts:
                yield names[trial.spec.arm], trial.artifacts[kind]
    if DISPUTED in run.artifacts:
        yield "", run.artifacts[DISPUTED]
