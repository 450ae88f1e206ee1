"""What is read is what was stored, and what somebody should look at is found."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from portopt.adapters.store import models
from portopt.adapters.store.clock import database_now
from portopt.domain.canonical import canonical_json
from portopt.domain.errors import DataError, UnknownRun
from portopt.domain.run import RunStatus, digest_of

RUN = "reb-20261120-1"


@pytest.fixture
def overwrite(store):
    """Puts this text into a column of the run's result, past everything that would check it."""

    def write(content: str, column: str = "document") -> None:
        on_postgres = store.health()["dialect"] == "postgresql"
        table, kind = ("command.run_results", "JSON") if on_postgres else ("run_results", "TEXT")
        with store._writing() as connection:
            connection.execute(text(f"UPDATE {table} SET {column} = CAST(:content AS {kind})"), {"content": content})

    return write


def changed(document: dict) -> str:
    return json.dumps({**document, "headline": {**document["headline"], "turnover": 0.01}})


def test_a_changed_document_is_not_read_and_the_advice_names_what_mends_it(store, finished, overwrite):
    store.complete(finished(), None)
    overwrite(changed(finished().document))
    with pytest.raises(DataError, match=f"the stored document of {RUN} is not the one that was stored") as caught:
        store.get(RUN)
    assert f"portopt replay {RUN} --mend" in caught.value.fixes[0]
    assert store.get(RUN, verified=False).document["headline"]["turnover"] == 0.01


@pytest.mark.parametrize("content", ['"a word"', '{"json, deflated, in base64": "eJw"}', '{"json, deflated, in base64": 7}'])
def test_what_is_no_document_any_more_is_bad_data_and_told_apart_from_no_run(store, finished, overwrite, content):
    store.complete(finished(), None)
    overwrite(content)
    with pytest.raises(DataError, match="is not the one that was stored"):
        store.get(RUN)
    with pytest.raises(DataError, match="is not the one that was stored"):
        store.written(RUN)
    assert store.get(RUN, verified=False).document == {}
    assert store.examine().damaged == (RUN,)


def test_a_document_in_its_canonical_bytes_is_held_against_its_digest_however_often_it_was_read(
    store, begun, finished, overwrite
):
    large = {**finished().document, "weights": {f"A{i:05d}": i / 7 for i in range(4_000)}}
    store.complete(finished(document=large, document_digest=digest_of(large)), None)
    assert store.written(RUN) == store.written(RUN) == canonical_json(large)
    overwrite(changed(large))
    with pytest.raises(DataError, match=f"the stored document of {RUN} is not the one that was stored"):
        store.written(RUN)
    store.put_document(finished(document=large, document_digest=digest_of(large)))
    assert store.written(RUN) == canonical_json(large)


def test_a_run_without_a_document_has_no_bytes_and_no_run_is_unknown(store, begun):
    store.begin(begun())
    assert store.written(RUN) is None
    assert store.line(RUN) == store.get(RUN)
    for ask in (store.written, store.line):
        with pytest.raises(UnknownRun):
            ask("reb-20261120-none")


def test_a_line_holds_the_headline_alone(store, finished):
    store.complete(finished(), None)
    assert (
        store.line(RUN)
        == store.runs()[0]
        == dataclasses.replace(store.get(RUN), document={"headline": finished().document["headline"]})
    )


def test_a_headline_that_cannot_be_read_is_bad_data_that_names_the_store(store, finished, overwrite):
    store.complete(finished(), None)
    overwrite('{"json, deflated, in base64": "eJw"}', "headline")
    with pytest.raises(DataError, match="the store at .* holds what cannot be read") as caught:
        store.runs()
    assert "portopt doctor" in caught.value.fixes[0]


def test_a_document_is_put_back_only_if_it_is_the_one_that_was_stored(store, finished, overwrite):
    store.complete(finished(), None)
    overwrite(changed(finished().document))
    other = finished(document={"headline": {"trades": 99}})
    for wrong in (other, dataclasses.replace(other, document_digest=finished().document_digest)):
        with pytest.raises(DataError, match="this is not the document that was stored"):
            store.put_document(wrong)
    store.put_document(finished())
    assert store.get(RUN) == finished()
    assert store.runs()[0].document == {"headline": finished().document["headline"]}


def test_an_examination_finds_changed_documents_needed_packs_and_runs_that_nobody_ended(store, begun, finished, overwrite):
    store.complete(finished("reb-1", pricing_pack_id="pack-a"), None)
    overwrite(changed(finished().document))
    store.complete(finished("reb-2", pricing_pack_id="pack-b"), None)
    store.begin(begun("reb-3", pricing_pack_id="pack-c"))
    found = store.examine()
    assert found.damaged == ("reb-1",)
    assert store.packs_needed() == {"pack-a", "pack-b"}
    assert [run_id for run_id, _ in found.unfinished] == ["reb-3"]


def test_the_age_of_a_run_is_by_the_databases_clock_not_by_whoever_wrote_it(store, begun):
    with store._reading() as connection:
        now = database_now(connection)
    store.begin(begun("reb-old", created_at=now - timedelta(days=400)))
    store.begin(begun("reb-new", created_at=now + timedelta(days=400)))
    assert all(0.0 <= age < 600.0 for _, age in store.examine().unfinished)


def test_a_run_that_is_begun_again_is_young_again(store, begun):
    store.begin(begun())
    with store._writing() as connection:
        connection.execute(models.runs.update().values(recorded_at=database_now(connection) - timedelta(hours=5)))
    assert store.examine().unfinished[0][1] > 4 * 3600
    store.begin(begun())
    assert store.examine().unfinished[0][1] < 600


def test_a_run_that_nobody_ended_can_be_ended_once_and_a_complete_one_cannot(store, begun, finished):
    store.begin(begun())
    assert store.abandon(RUN, {"detail": "nobody wants it"}) is True
    assert store.abandon(RUN, {"detail": "again"}) is False
    assert (store.get(RUN).status, store.get(RUN).problem) == (RunStatus.CANCELLED, {"detail": "nobody wants it"})
    store.complete(finished("reb-2"), None)
    assert store.abandon("reb-2", {}) is False
    assert store.get("reb-2").status is RunStatus.COMPLETED
