"""Every event survives its line of JSON, whatever its numbers and texts; the schema and the digests."""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps import records
from sweeps.codec import config_hash, digest, from_line, to_line
from sweeps.errors import RunError
from sweeps.records import (
    SCHEMA,
    AnyEvent,
    AttemptLost,
    EpochEnded,
    SweepEnded,
    SweepStarted,
    TrialEnded,
    TrialFailed,
    TrialStarted,
)

EVENTS: tuple[type[Any], ...] = typing.get_args(typing.get_args(AnyEvent)[0])
finite = st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(st.booleans(), st.integers(), finite, st.text(), st.sampled_from(["NaN", "1", "true", "null", ""]))
json_values = st.recursive(
    st.one_of(st.none(), values),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
DRAWN = {
    "dict[str, object]": st.dictionaries(st.text(), json_values, max_size=3),
    "dict[str, ParamValue]": st.dictionaries(st.text(), values, max_size=4),
    "ParamValue | None": st.none() | values,
}


def events_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(
        kind,
        **{
            field.name: DRAWN[field.type] if field.type in DRAWN else st.from_type(hints[field.name])
            for field in dataclasses.fields(kind)
            if field.name not in ("event", "schema")
        },
    )


def spec(**changes: Any) -> TrialStarted:
    seeds = records.Seeds(init=1, order=2, dropout=3, augment=4, split=5)
    fields: dict[str, Any] = {
        "number": 0,
        "study": "s",
        "arm": "max",
        "order": 0,
        "params": {},
        "config_hash": "",
        "shared_hash": "",
        "sampler_phase": "startup",
        "epochs": 1,
        "seeds": seeds,
    }
    return TrialStarted(**{**fields, **changes})


def header(**changes: Any) -> SweepStarted:
    fields: dict[str, Any] = dict.fromkeys(("sweep", "name", "config_digest"), "")
    fields |= {"config": {}, "data": {}, "versions": {}, "commit": None, "dirty": None}
    return SweepStarted(**{**fields, **changes})


def test_the_events_are_these() -> None:
    assert [kind.__name__ for kind in EVENTS] == [
        "SweepStarted",
        "StudyCreated",
        "TrialKnown",
        "DriverStarted",
        "WorkerStarted",
        "WorkerEnded",
        "TrialStarted",
        "AttemptStarted",
        "EpochEnded",
        "TrialFailed",
        "AttemptLost",
        "TrialTested",
        "PlanFrozen",
        "TrialEnded",
        "ArtifactWritten",
        "ResourceEvent",
        "Audited",
        "SweepEnded",
    ]
    assert len({kind.event for kind in EVENTS}) == len(EVENTS)


@pytest.mark.parametrize("kind", EVENTS)
@given(st.data())
def test_every_event_survives_its_line(kind: type[Any], data: st.DataObject) -> None:
    event = data.draw(events_of(kind))
    line = to_line(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line)["event"] == kind.event
    found = from_line(line)
    assert type(found) is kind
    assert repr(found) == repr(event)  # types and NaN included
    assert to_line(found) == line


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_survive_wherever_they_stand(value: float) -> None:
    epoch = EpochEnded(
        number=0,
        attempt=1,
        worker="w",
        epoch=0,
        step=1,
        metrics={"loss": value},
        seconds=value,
        is_first=True,
        traces=0,
        memory_bytes=1,
        model=records.ModelFacts(parameters=1, macs=None, build_seconds=value, warm=False, inference_seconds=value),
    )
    ended = TrialEnded(
        number=0,
        attempt=1,
        state="failed",
        value=value,
        epochs=0,
        step=0,
        last={"a": value},
        best_value=value,
        best_epoch=None,
        test=value,
    )
    started = header(config={"a": [value]}, data={"b": {"c": value}})
    found = from_line(to_line(started))
    assert isinstance(found, SweepStarted)
    text = {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    assert (found.config, found.data) == ({"a": [text]}, {"b": {"c": text}})
    for event in (epoch, ended):
        line = to_line(event)
        assert b"null" not in line.split(b'"best_epoch"')[0].replace(b'"macs":null', b"")
        assert repr(from_line(line)) == repr(event)
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize("value", [1, 1.0, True, "1", 0, 0.0, False, "", "NaN", 10**30, 1e-300, -0.0, 0.1])
def test_params_and_arms_keep_their_types(value: Any) -> None:
    found = from_line(to_line(spec(params={"a": value}, arm=value)))
    assert isinstance(found, TrialStarted)
    assert repr((found.params, found.arm)) == repr(({"a": value}, value))


def test_absent_is_not_null() -> None:
    found = from_line(to_line(spec(params={"pooling": "max"}, arm=None, pair_id=None)))
    assert isinstance(found, TrialStarted)
    assert found.params == {"pooling": "max"}
    assert (found.arm, found.pair_id) == (None, None)
    with pytest.raises(RunError, match="params"):
        from_line(to_line(spec()).replace(b'"params":{}', b'"params":{"pooling":null}'))


def test_a_field_with_a_default_may_be_missing_and_a_new_one_may_be_there() -> None:
    document = json.loads(to_line(header(notes=("x",))))
    del document["notes"]
    found = from_line(json.dumps({**document, "invented_later": [1]}).encode())
    assert found == header(time=document["time"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "no event of schema 5: "),
        (b"\n", "no event of schema 5: "),
        (b"{}", "Unable to extract tag using discriminator 'event'"),
        (b"[]", "no event of schema 5: "),
        (b"null", "no event of schema 5: "),
        (b'{"event":"trial_paused"}', "Input tag 'trial_paused' found using 'event' does not match"),
        (b'{"event":"sweep_ended","time":1}', "sweep_ended.reason: Field required in b'"),
        (b'{"event":"sweep_ended","time":1,"reason":"x"', "no event of schema 5: : Invalid JSON"),
        (b'{"event":"sweep_ended","time":1,"reason":"\xff"}', "no event of schema 5: : Invalid JSON"),
        (b"[" * 100_000, "no event of schema 5: : Invalid JSON"),
        (to_line(spec()).replace(b'"search"', b'"later"'), "trial_started.phase: Input should be 'search', "),
    ],
)
def test_a_line_that_is_no_event_says_what_is_wrong(line: bytes, message: str) -> None:
    with pytest.raises(RunError) as caught:
        from_line(line)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("schema", [SCHEMA + 1, 99])
@pytest.mark.parametrize("changes", [{}, {"config": "a digest", "event": "sweep_begun"}, {"name": None}])
def test_a_newer_schema_is_named_whatever_its_header_looks_like(schema: int, changes: dict[str, object]) -> None:
    document = {**json.loads(to_line(header())), "schema": schema, **changes}
    with pytest.raises(RunError, match=rf"^written by a newer capsweep \(schema {schema}, .* up to 5\): upgrade"):
        from_line(json.dumps(document).encode())


@pytest.mark.parametrize("text", ["\udc80", "a\ud800b", "/data/\udcff/mnist.npz"])
def test_text_without_a_utf8_form_is_written_with_escapes(text: str) -> None:
    readable = text.encode(errors="backslashreplace").decode()
    failed = TrialFailed(number=3, attempt=1, worker="w", error="E", message=text, traceback=text)
    lost = AttemptLost(number=3, attempt=1, worker="w", reason=text)
    started = header(data={"source": [text], text: math.nan}, notes=(text,))
    assert from_line(to_line(failed)) == dataclasses.replace(failed, message=readable, traceback=readable)
    assert from_line(to_line(lost)) == dataclasses.replace(lost, reason=readable)
    found = from_line(to_line(started))
    assert found == dataclasses.replace(started, data={"source": [readable], readable: "NaN"}, notes=(readable,))


def test_events_are_frozen_and_dated() -> None:
    event = SweepEnded(reason="x")
    assert event.time > 1.7e9
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.reason = "y"  # type: ignore[misc]


params = st.dictionaries(st.text(max_size=3), values, max_size=4)


@given(params, st.randoms())
def test_equal_params_have_equal_hashes_in_any_order(drawn: dict[str, Any], random: Any) -> None:
    items = list(drawn.items())
    random.shuffle(items)
    assert config_hash(dict(items)) == config_hash(drawn)
    assert len(config_hash(drawn)) == 12


@given(params, params)
def test_other_params_have_other_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = repr(sorted(one.items())) == repr(sorted(other.items()))
    assert (config_hash(one) == config_hash(other)) == same


def test_hashes_tell_types_apart_and_never_change() -> None:
    assert len({config_hash({"a": value}) for value in (1, 1.0, True, "1")} | {config_hash({})}) == 5
    assert config_hash({"pooling": "max", "pool_size": 2}) == config_hash({"pool_size": 2, "pooling": "max"})
    assert config_hash({"b": 0.5, "a": "é"}) == digest({"a": "é", "b": 0.5})[:12] == "1a7f8ae5d207"
    assert digest({"b": [{"y": 1, "x": 2}]}) == digest({"b": [{"x": 2, "y": 1}]})


KEPT = {
    "sweep": "SweepStarted: sweep config config_digest commit dirty versions data time notes",
    "study": "StudyCreated: study arm budget unit cohort size sampler sampler_settings seed pruner pruner_settings "
    "startup_trials space space_digest direction storage phase",
    "trial": "TrialStarted: number phase replicate params config_hash shared_hash sampler_phase order time "
    "AttemptStarted: wait_seconds time TrialEnded: state prune_step reason time also constraints",
    "known": "TrialKnown: study sweep number seed_index params state values course constraints",
    "plan": "PlanFrozen: revision plan digest time",
    "replicate": "TrialStarted: number pair_id side seeds Seeds: init order dropout augment split "
    "TrialTested: metrics examples nll brier ece shifted seconds "
    "TrialEnded: attempt state epochs early_stop_epoch best_value best_epoch last test nll brier ece "
    "ModelFacts: parameters macs inference_seconds EpochEnded: memory_bytes model "
    "WorkerStarted: device node deterministic AttemptStarted: worker concurrency attempt",
    "epoch": "EpochEnded: step metrics seconds is_first epoch traces",
    "predictions": "ArtifactWritten: kind path digest bytes number",
    "audit": "Audited: action detail time",
}


@pytest.mark.parametrize("level", KEPT)
def test_all_that_a_report_needs_is_kept(level: str) -> None:
    kind: type[Any] | None = None
    for word in KEPT[level].split():
        if word.endswith(":"):
            kind = getattr(records, word[:-1])
        else:
            assert kind is not None
            assert word in {field.name for field in dataclasses.fields(kind)}, (kind, word)
