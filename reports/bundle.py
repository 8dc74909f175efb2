"""The tables of a report as files: for people (CSV), for programs (Parquet), and complete enough to build it again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reports.analysis import Analysis
from reports.evidence import Evidence, Gone, Plan, Predictions, evidence_of
from reports.replicates import configs_table
from reports.sheets import as_csv
from reports.tables import Tables
from sweeps import codec
from sweeps.config import SweepConfig
from sweeps.errors import RunError
from sweeps.history import read_run
from sweeps.runlog import RunDirectory, write_whole

MARK = "evidence.json"
STATISTICS = "statistics.json"
SCHEMA = 1
_FRAMES = ("trials", "epochs", "arms", "progress", "failures")


def write_bundle(analysis: Analysis, folder: Path) -> list[Path]:
    """Write every table, the statistics, and what else a report is built from.

    The mark of an older bundle goes first: a folder that is half written has none, and is refused.

    Returns:
        The files, the one that marks a bundle last.
    """
    files = dict(_files(analysis))
    (folder / MARK).unlink(missing_ok=True)
    files[MARK] = _mark(analysis.evidence, files)  # last: it names no file that is not there
    for name, payload in files.items():
        write_whole(folder / name, payload)
    return [folder / name for name in files]


def read_bundle(folder: Path) -> Evidence:
    """The evidence that `write_bundle` wrote, number for number.

    Raises:
        RunError: If the folder holds none, or one of a newer version.
    """
    try:
        document = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{folder / MARK}: cannot be read: {error}") from None
    if document.get("schema") != SCHEMA:
        raise RunError(f"{folder / MARK}: is of schema {document.get('schema')}, this capsweep reads {SCHEMA}")
    try:
        return _evidence(folder, document)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        words = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise RunError(f"{folder}: its tables are not whole ({words}); write them anew") from None


def _evidence(folder: Path, document: dict[str, Any]) -> Evidence:
    read = {name: (folder / name).read_bytes() for name in _read(document)}
    frames = {name: pd.read_parquet(io.BytesIO(read[f"{name}.parquet"])) for name in _FRAMES}
    predictions = {
        number: Predictions.read(read[f"predictions-{number:05d}.npz"]) for number in document["predictions"]
    }
    plans = tuple(Plan(**plan) for plan in document["plans"])
    config = SweepConfig.from_mapping(document["config"], source=str(folder / MARK))
    pictures: dict[str, dict[str, bytes]] = {}
    for place, (arm, kind) in enumerate(document["pictures"]):
        pictures.setdefault(arm, {})[kind] = read[f"picture-{place:03d}"]
    gone = tuple(Gone(**each) for each in document.get("gone", ()))
    altered = _altered(document, read)
    return Evidence(config, document["facts"], Tables(**frames), plans, predictions, pictures, gone, altered)


def _read(document: Mapping[str, Any]) -> Iterator[str]:
    """The files that evidence is made of, beside the mark."""
    yield from (f"{name}.parquet" for name in _FRAMES)
    yield from (f"predictions-{number:05d}.npz" for number in document["predictions"])
    yield from (f"picture-{place:03d}" for place in range(len(document["pictures"])))


def _altered(document: Mapping[str, Any], read: Mapping[str, bytes]) -> tuple[str, ...] | None:
    """Which of them are not as they were written; None where that was not written down."""
    if "files" not in document or "digest" not in document:
        return None
    files = [name for name, payload in read.items() if document["files"].get(name) != sha256(payload).hexdigest()]
    own = {key: value for key, value in document.items() if key != "digest"}
    return (*files, *([MARK] if codec.digest(own) != document["digest"] else []))


def read_evidence(path: Path) -> Evidence:
    """The evidence of a run directory, or of a folder of tables.

    Raises:
        RunError: If there is neither, or what there is cannot be read.
    """
    if (path / MARK).is_file():
        return read_bundle(path)
    is_run = RunDirectory(path).events.is_file()
    if not is_run and any((path / f"{name}.csv").is_file() for name in _FRAMES):
        raise RunError(f"{path}: its tables are not whole (there is no {MARK}); write them anew")
    return evidence_of(read_run(path))


def _files(analysis: Analysis) -> Iterator[tuple[str, bytes]]:
    evidence = analysis.evidence
    for name in _FRAMES:
        frame: pd.DataFrame = getattr(evidence.frames, name)
        yield f"{name}.csv", as_csv(frame)
        yield f"{name}.parquet", _parquet(frame)
    configs = configs_table(evidence.frames.trials, direction=evidence.look.direction)
    yield "configs.csv", as_csv(configs)
    yield "configs.parquet", _parquet(configs)
    for number, each in evidence.predictions.items():
        yield f"predictions-{number:05d}.npz", each.to_bytes()
    for place, (_, _, payload) in enumerate(_pictures(evidence)):
        yield f"picture-{place:03d}", payload
    yield STATISTICS, analysis.statistics_text().encode()


def _mark(evidence: Evidence, files: Mapping[str, bytes]) -> bytes:
    """What is not in the files, and by what they are known again."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "config": evidence.config.model_dump(mode="json"),
        "facts": dict(evidence.facts),
        "plans": [
            {
                "revision": plan.revision,
                "digest": plan.digest,
                "time": plan.time,
                "document": dict(plan.document),
                "place": plan.place,
            }
            for plan in evidence.plans
        ],
        "predictions": list(evidence.predictions),
        "pictures": [[arm, kind] for arm, kind, _ in _pictures(evidence)],
        "gone": [asdict(each) for each in evidence.gone],
    }
    document["files"] = {name: sha256(files[name]).hexdigest() for name in _read(document)}
    document = json.loads(json.dumps(document))  # as it will be read: tuples are lists there
    document["digest"] = codec.digest(document)
    return (json.dumps(document, indent=1) + "\n").encode()


def _pictures(evidence: Evidence) -> Iterator[tuple[str, str, bytes]]:
    for arm, files in evidence.pictures.items():
        yield from ((arm, kind, payload) for kind, payload in files.items())


def _parquet(frame: pd.DataFrame) -> bytes:
    mixed = {name: frame[name].astype("str") for name in frame.columns if frame[name].dtype == np.dtype("object")}
    payload: bytes = frame.assign(**mixed).to_parquet(index=False)
    return payload
