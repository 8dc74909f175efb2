"""The tables of a report: complete enough to build it again, number for number, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from reports.analysis import Analysis, analyse
from reports.bundle import MARK, STATISTICS, read_bundle, read_evidence, write_bundle
from reports.evidence import evidence_of
from reports.page import draw_page
from reports.sheets import as_csv
from sweeps.errors import RunError
from sweeps.history import read_run
from sweeps.runlog import write_whole
from tests.benchmarks.made_run import made_run


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made run of 60 trials and every phase."""
    return made_run(60, tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def analysis(path: Path) -> Analysis:
    return analyse(evidence_of(read_run(path)))


@pytest.fixture
def folder(analysis: Analysis, tmp_path: Path) -> Path:
    write_bundle(analysis, tmp_path / "tables")
    return tmp_path / "tables"


def test_a_report_built_from_the_tables_is_the_same(analysis: Analysis, folder: Path) -> None:
    again = analyse(read_evidence(folder))
    assert again.statistics_text() == analysis.statistics_text()
    assert draw_page([again]) == draw_page([analysis])


def test_the_same_events_give_the_same_statistics_byte_for_byte(path: Path, analysis: Analysis, folder: Path) -> None:
    again = analyse(evidence_of(read_run(path)))
    assert again.statistics_text() == analysis.statistics_text() == (folder / STATISTICS).read_text()


def test_rows_in_another_order_give_the_same_statistics(analysis: Analysis) -> None:
    frames = analysis.evidence.frames
    mixed = {
        name: getattr(frames, name).sample(frac=1.0, random_state=0).reset_index(drop=True)
        for name in ("trials", "epochs")
    }
    evidence = replace(analysis.evidence, frames=replace(frames, **mixed))
    assert analyse(evidence).statistics_text() == analysis.statistics_text()


def test_configs_are_written_with_their_replicates(folder: Path) -> None:
    configs, trials = (pd.read_parquet(folder / f"{name}.parquet") for name in ("configs", "trials"))
    assert configs["trials"].sum() == len(trials)
    champion = configs[(configs["phase"] == "confirm") & (configs["arm"] == "max")].iloc[0]
    mine = trials[trials["number"].isin([int(number) for number in champion["numbers"].split(", ")])]
    assert champion["mean"] == pytest.approx(mine["value"].mean())
    assert champion["test_mean"] == pytest.approx(mine["test"].mean())
    assert (folder / "configs.csv").read_bytes().count(b"\n") == len(configs) + 1


def test_statistics_are_json_that_any_program_reads(folder: Path) -> None:
    found = json.loads((folder / STATISTICS).read_text(), parse_constant=pytest.fail)
    assert found["verdict"]["plan"]
    assert {each["estimand"] for each in found["verdict"]["estimates"]} == {"E1", "E3"}


def test_a_plan_that_was_changed_in_the_tables_withdraws_the_claim(folder: Path) -> None:
    document = json.loads((folder / MARK).read_text())
    assert not [gate.because for gate in analyse(read_bundle(folder)).verdict.gates if gate.because]
    document["plans"][0]["document"]["margin"] = 0.5
    (folder / MARK).write_text(json.dumps(document))
    because = [gate.because for gate in analyse(read_bundle(folder)).verdict.gates if gate.because]
    changed = "the exported evidence.json is not as written"
    assert because == ["the plan in the log is not the one whose hash was taken", changed]


def test_tables_without_places_in_the_log_are_read(analysis: Analysis, folder: Path) -> None:
    document = json.loads((folder / MARK).read_text())
    for each in (*document["plans"], *document["facts"]["audits"]):
        del each["place"]
    del document["files"]
    (folder / MARK).write_text(json.dumps(document))
    trials = pd.read_parquet(folder / "trials.parquet").drop(columns=["begun_at", "tested_at"])
    trials.to_parquet(folder / "trials.parquet", index=False)
    found = analyse(read_bundle(folder)).verdict
    assert found.sentences == analysis.verdict.sentences
    assert found.gates[:-1] == analysis.verdict.gates[:-1]
    assert found.gates[-1].status == "not run"


@pytest.mark.parametrize("table", ["trials", "epochs"])
def test_the_digest_in_the_report_is_that_of_the_exported_file(analysis: Analysis, folder: Path, table: str) -> None:
    rows = (folder / f"{table}.csv").read_bytes()
    gate = analysis.verdict.gates[-1]
    assert (gate.key, gate.status) == ("rows", "pass")
    assert f"{len(list(csv.reader(io.StringIO(rows.decode())))) - 1:,} {table} (sha256 " in gate.detail
    assert f"{table} (sha256 {hashlib.sha256(rows).hexdigest()[:12]})" in gate.detail


@pytest.mark.parametrize(("table", "column"), [("trials", "test"), ("epochs", "seconds")])
def test_a_number_that_was_changed_in_the_tables_withdraws_the_claim(folder: Path, table: str, column: str) -> None:
    rows = pd.read_parquet(folder / f"{table}.parquet")
    rows.loc[rows[column].last_valid_index(), column] += 1e-9
    rows.to_parquet(folder / f"{table}.parquet", index=False)
    verdict = analyse(read_bundle(folder)).verdict
    why = f"the exported {table}.parquet is not as written"
    assert [gate.because for gate in verdict.gates if gate.because] == [why]
    assert all(f"Not valid, because {why}: nothing is claimed." in sentence for sentence in verdict.sentences)


def test_predictions_and_facts_that_were_changed_withdraw_the_claim(folder: Path) -> None:
    first = min(folder.glob("predictions-*.npz"))
    other = max(folder.glob("predictions-*.npz"))
    first.write_bytes(other.read_bytes())
    document = json.loads((folder / MARK).read_text())
    document["facts"]["audits"] = document["facts"]["audits"][:1]
    (folder / MARK).write_text(json.dumps(document))
    gate = analyse(read_bundle(folder)).verdict.gates[-1]
    assert gate.because == f"the exported {first.name} and {MARK} are not as written"


def test_a_file_that_is_no_bundle_is_refused(folder: Path) -> None:
    document = json.loads((folder / MARK).read_text())
    (folder / MARK).write_text(json.dumps({**document, "schema": 99}))
    with pytest.raises(RunError, match=r"evidence.json: is of schema 99, this capsweep reads 1"):
        read_bundle(folder)
    (folder / MARK).write_text("{")
    with pytest.raises(RunError, match=r"evidence.json: cannot be read"):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["trials.parquet", "picture-000", "predictions"])
def test_tables_that_are_not_whole_are_refused(folder: Path, name: str) -> None:
    document = json.loads((folder / MARK).read_text())
    if name == "predictions":
        (folder / f"predictions-{document['predictions'][0]:05d}.npz").write_bytes(b"PK torn")
    elif name == "picture-000":
        (folder / MARK).write_text(json.dumps({**document, "pictures": [["capsule", "layers"]]}))
    else:
        (folder / name).write_bytes(b"torn")
    with pytest.raises(RunError, match=r"its tables are not whole .*; write them anew"):
        read_bundle(folder)


@pytest.mark.parametrize("place", [1, 5, -1])
def test_tables_of_which_an_older_whole_is_half_overwritten_are_refused(
    analysis: Analysis, folder: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    files = sorted(folder.iterdir(), key=lambda path: path.name == MARK)

    def write(path: Path, payload: bytes) -> None:
        left.pop()
        write_whole(path, payload)

    left = [None] * (len(files) + place if place < 0 else place)
    monkeypatch.setattr("reports.bundle.write_whole", write)
    with pytest.raises(IndexError):
        write_bundle(analysis, folder)
    with pytest.raises(
        RunError, match=rf"^{folder}: its tables are not whole \(there is no {MARK}\); write them anew$"
    ):
        read_evidence(folder)


def test_a_bundle_of_before_there_was_a_list_of_lost_files_is_read(folder: Path) -> None:
    document = json.loads((folder / MARK).read_text())
    assert document.pop("gone") == []
    (folder / MARK).write_text(json.dumps(document))
    assert read_bundle(folder).gone == ()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t1", "\r1", '=HYPERLINK("http://x")'])
def test_text_that_a_spreadsheet_would_run_is_defused(text: str) -> None:
    table = as_csv(pd.DataFrame({"arm": [text, "max"], text: [-1.5, 2.0]})).decode()
    head, first, second = csv.reader(io.StringIO(table, newline=""))
    assert (head[1], first) == (f"'{text}", [f"'{text}", "-1.5"])
    assert second == ["max", "2.0"]
