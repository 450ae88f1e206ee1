"""Choices kept under a name: one choice has one, a name is one choice's, and every change is in the record of decisions."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portopt.adapters.store.backup import copy_sqlite
from portopt.adapters.store.choice_tables import saved_choices
from portopt.adapters.store.choices import SqlChoices
from portopt.adapters.store.ledger import SqlLedger
from portopt.adapters.store.retention import SAVED, SqlRetention
from portopt.adapters.store.sql import SqlStore
from portopt.domain.chosen import SavedChoice, Selection
from portopt.domain.errors import Conflict, UnknownThing

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def choices(store, finished) -> SqlChoices:
    """Of a store with two answers around one proposal."""
    for number, kind in enumerate(("alternatives", "edit")):
        at = finished().created_at + timedelta(minutes=number)
        store.complete(finished(f"ask-{number}", kind=kind, request={}, about_run="reb-1", created_at=at), None)
    return SqlChoices(store.database)


def saved(number: int = 0, **fields: object) -> SavedChoice:
    made = SavedChoice(
        f"sav-{number}", f"ask-{number}", "P1", "alternatives", "calm", "anna", FIRST, "least_risk", run_id="reb-9"
    )
    return dataclasses.replace(made, **fields)


def told(store: SqlStore) -> list[tuple[str, str]]:
    return [(entry.kind, entry.subject) for entry in SqlLedger(store.database).entries("P1") if entry.kind != "holdings"]


def test_answers_about_a_proposal_are_listed_newest_first_and_paged(store, choices):
    found = store.runs(about="reb-1", kinds=("alternatives", "edit"))
    assert [run.run_id for run in found] == ["ask-1", "ask-0"]
    assert [run.run_id for run in store.runs(about="reb-1", after="ask-1")] == ["ask-0"]
    assert store.runs(about="reb-2") == []
    assert [run.run_id for run in store.runs(portfolio_id="P1", kinds=("edit",))] == ["ask-1"]
    assert store.get("ask-0").about_run == "reb-1"


def test_a_name_is_one_choices_and_a_choice_has_one_name(store, choices):
    kept = choices.save(saved())
    assert choices.save(saved()) == kept
    with pytest.raises(Conflict, match="saved already"):
        choices.save(saved(name="other"))
    with pytest.raises(Conflict, match="sav-0"):
        choices.save(saved(1, alternative=""))
    choices.save(saved(1, name="brave"))
    with pytest.raises(Conflict, match="sav-0"):
        choices.rename("sav-1", "calm", "", "anna")
    assert choices.rename("sav-1", "bold", "for the summer", "bert").note == "for the summer"
    assert [one.name for one in choices.list_saved("P1")] == ["bold", "calm"]
    assert [one.name for one in choices.list_saved("P1", after="sav-1")] == ["calm"]
    assert [one.saved_id for one in choices.saved_of(["ask-1", "ask-7"])] == ["sav-1"]
    assert told(store) == [("saved", "anna"), ("saved", "anna"), ("renamed", "bert")]
    with pytest.raises(UnknownThing, match="sav-7"):
        choices.saved("sav-7")


def test_what_is_withdrawn_stays_on_record_and_can_be_saved_again(store, choices):
    choices.save(saved())
    withdrawn = choices.withdraw("sav-0", "no more", "bert")
    assert (withdrawn.withdrawn_by, choices.withdraw("sav-0", "", "anna")) == ("bert", withdrawn)
    assert choices.list_saved("P1") == []
    assert choices.list_saved("P1", withdrawn=True) == [withdrawn]
    with pytest.raises(Conflict, match="withdrawn"):
        choices.rename("sav-0", "calmer", "", "anna")
    assert choices.save(saved(name="again")).withdrawn_at is None
    assert told(store) == [("saved", "anna"), ("withdrawn", "bert"), ("saved", "anna")]
    assert SqlLedger(store.database).verify() == []


def test_a_selection_is_told_once_with_the_alternatives_there_were(store, choices):
    out_of = {"out_of": [{"name": "do_nothing", "turnover": 0.0}, {"name": "least_risk", "turnover": 0.2}]}
    chosen = Selection("reb-9", "ask-0", "P1", "alternatives", "anna", FIRST, "least_risk", out_of)
    assert [choices.select(chosen), choices.select(chosen)] == [True, False]
    (entry,) = SqlLedger(store.database).entries("P1")
    assert (entry.kind, entry.subject) == ("selected", "anna")
    assert entry.body == {"run_id": "reb-9", "choice_id": "ask-0", "of": "alternatives", "alternative": "least_risk", **out_of}
    assert choices.selected_as(["reb-9", "reb-8"])["reb-9"].told == out_of
    assert [one.by for one in choices.selections_of(["ask-0"])] == ["anna"]


def test_the_newest_prices_are_those_of_the_latest_day(store, choices, finished):
    day = finished().as_of
    store.complete(finished("ask-8", kind="edit", request={}, pricing_pack_id="pack-2", as_of=day + timedelta(1)), None)
    store.complete(finished("ask-9", kind="edit", request={}, pricing_pack_id="pack-1"), None)
    assert choices.newest_pack("P1") == ("pack-2", (day + timedelta(1)).isoformat())
    assert choices.newest_pack("P2") is None


def test_retention_leaves_alone_what_is_saved_until_it_is_withdrawn(store, choices):
    retention, later = SqlRetention(store.database), FIRST + timedelta(days=9_999)
    choices.save(saved())
    assert {run.run_id: run.stays for run in retention.past_runs(later)} == {"ask-0": SAVED, "ask-1": None}
    assert retention.forget_runs(["ask-0", "ask-1"]) == 1
    choices.withdraw("sav-0", "", "anna")
    assert retention.forget_runs(["ask-0"]) == 1
    with store.database.reading() as connection:
        assert connection.execute(select(saved_choices)).first() is None
    assert told(store) == [("saved", "anna"), ("withdrawn", "anna")]


def test_what_is_saved_is_in_a_backup(store, choices, tmp_path: Path):
    if store.database.dialect != "sqlite":
        pytest.skip("a backup of PostgreSQL is PostgreSQL's own")
    kept = choices.save(saved())
    copy_sqlite(Path(store.database.engine.url.database), tmp_path / "copy.db")
    shutil.move(tmp_path / "copy.db", tmp_path / "restored.db")
    again = SqlStore(f"sqlite:///{tmp_path}/restored.db")
    assert SqlChoices(again.database).list_saved("P1") == [kept]
    again.close()
