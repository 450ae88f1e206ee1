"""What one release answered, answered again by another: the same bytes open the gate, a change is named by its field."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import small_book

from portopt import pipeline
from portopt.domain.errors import FileNotReadable, MissingInput
from portopt.doors.cli import run as portopt
from portopt.runs.recorded import document_of, field_of, gate, is_open, record
from portopt.runtime import open_runtime
from portopt.settings import Settings


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rebalances in archives; the home that they were made in is gone."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("recorded")
    runtime = open_runtime(Settings(home=home))
    for cash in (5_000, 70_000):
        small_book.rebalance(runtime, cash)
    assert len(record(runtime, folder, limit=10)) == 2
    runtime.runs.close()
    shutil.rmtree(home)
    return folder


def test_the_same_code_gives_the_same_bytes_and_the_gate_is_open(recorded: Path, capsys: Any) -> None:
    assert portopt(["replay-gate", str(recorded), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["open"], found["runs"], found["same"], found["fields"]) == (True, 2, 2, [])


def test_a_document_that_says_something_else_closes_it_and_the_field_is_named(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_was = pipeline.document_of

    def changed(outcome: Any) -> dict[str, Any]:
        document = as_it_was(outcome)
        figures = [{**row, "after": row["after"] * (1.0 + 1e-12)} for row in document["figures"][:1]]
        return {**document, "figures": [*figures, *document["figures"][1:]]}

    monkeypatch.setattr(pipeline, "document_of", changed)
    made_by, answered = gate(recorded)
    found = document_of(recorded, made_by, answered)
    assert [line["field"] for line in found["fields"]] == ["figures[].after"]
    assert (found["same"], found["changed"]) == (0, 2)
    assert not is_open(answered, [])
    assert is_open(answered, ["figures[].after"])
    assert not is_open(answered, ["figures[].before"])


def test_a_request_that_the_new_code_refuses_closes_it_whatever_is_allowed(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "DOCUMENT_VERSION", "next")  # another run by its identity: said, not taken for the same
    _, answered = gate(recorded)
    assert all(each.refused is not None for each in answered)
    assert not is_open(answered, ["run_id"])


def test_an_archive_that_lost_a_byte_closes_it_by_name(recorded: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(recorded, tmp_path / "damaged")
    victim = sorted(folder.glob("reb-*.zip"))[0]
    with zipfile.ZipFile(victim) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["pack/prices.parquet"] = parts["pack/prices.parquet"][:-1] + b"?"
    with zipfile.ZipFile(victim, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    _, answered = gate(folder)
    assert [each.run_id for each in answered if each.refused is not None] == [victim.stem]


def test_a_folder_without_records_and_a_store_without_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable):
        gate(tmp_path)
    with pytest.raises(MissingInput):
        record(open_runtime(Settings(home=tmp_path / "empty")), tmp_path, 5)


def test_fields_are_named_without_their_numbers() -> None:
    assert field_of("trades[12].shares") == "trades[].shares"
    assert field_of("certificate.engine.seconds") == "certificate.engine.seconds"
