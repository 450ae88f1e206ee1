"""The second wall, on PostgreSQL: who is restricted to some portfolios finds and writes no row of another one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import URL, func, make_url, select, text

from portopt.adapters.store import columns
from portopt.adapters.store.alerts import SqlAlerts
from portopt.adapters.store.books import SqlPortfolios
from portopt.adapters.store.choices import SqlChoices
from portopt.adapters.store.figures import SqlFigures
from portopt.adapters.store.jobs import SqlJobs
from portopt.adapters.store.ledger import SqlLedger
from portopt.adapters.store.row_security import POLICY
from portopt.adapters.store.sql import SqlStore
from portopt.adapters.store.waves import SqlWaves
from portopt.domain.access import restricted_to
from portopt.domain.chosen import SavedChoice, Selection
from portopt.domain.errors import NotAllowed, UnknownRun, UnknownThing
from portopt.domain.holdings import Holdings
from portopt.domain.job import Job
from portopt.domain.run import RunStatus
from portopt.domain.watch import Alert, AlertState, Figure, Severity, Silence, labels
from portopt.domain.wave import Wave, WaveItem

pytestmark = pytest.mark.postgres

# What is nobody's portfolio: shared by all, or of the service itself.
OF_NO_PORTFOLIO = {
    "outbox_shards",
    "optimizer_policies",
    "pricing_packs",
    "pins",
    "store_facts",
    "api_keys",
    "sessions",  # of people who signed in
    "idempotency_keys",
    "trials",
    "watch_state",
    "notice_keys",  # digests
    "figures_thinned",
    "waves",
}


@pytest.fixture(scope="module")
def owners(databases) -> Iterator[URL]:
    """A database at this version's schema, of a role that owns it and is no superuser: forced policies hold for it too."""
    role, password = f"portopt_owner_{secrets.token_hex(6)}", secrets.token_hex(12)
    with databases.admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{password}'")
    with databases.one(owner=role) as url:
        owned = make_url(url).set(username=role, password=password)
        store = SqlStore(owned.render_as_string(hide_password=False))
        store.migrate()
        store.close()
        yield owned
    with databases.admin.connect() as connection:
        connection.exec_driver_sql(f"DROP ROLE {role}")


@pytest.fixture
def owner(databases, owners: URL) -> Iterator[str]:
    """A copy of that database, the role's own too."""
    with databases.one(template=owners.database, owner=owners.username) as url:
        yield owners.set(database=make_url(url).database).render_as_string(hide_password=False)


@pytest.fixture
def walled(owner) -> Iterator[SqlStore]:
    found = SqlStore(owner)
    yield found
    found.close()


@pytest.fixture
def filled(walled, finished, event) -> SqlStore:
    """With rows of two portfolios in every table that has any."""
    for name in ("P1", "P2"):
        SqlPortfolios(walled.database).declare(Holdings(name, {"A": Decimal(1)}), "anna")
        SqlJobs(walled.database).submit(Job(f"opt-{name}", "optimization", name, RunStatus.PENDING, {}, {}, name, 1, FIRST))
        SqlJobs(walled.database).submit(Job(f"plan-{name}", "rebalance", name, RunStatus.PENDING, {}, {}, f"{name}r", 1, FIRST))
        request = {"policy": {"limits": {}}, "holdings": {"currency": "USD", "cash": "0", "shares": {"A": "1"}}}
        wave = Wave(f"wave-{name}", "the month ended", {}, FIRST)
        SqlWaves(walled.database).start(wave, [WaveItem(wave.wave_id, 0, name, "night")])
        walled.begin(finished(f"reb-{name}", portfolio_id=name, request=request, status=RunStatus.PROCESSING))
        for kind in ("opt", "plan"):
            SqlJobs(walled.database).became(f"{kind}-{name}", f"reb-{name}")
        walled.complete(finished(f"reb-{name}", portfolio_id=name, request=request), event(f"e-{name}", name))
        asked = finished(f"asked-{name}", portfolio_id=name, request=request, status=RunStatus.AWAITING_APPROVAL)
        walled.complete(asked, None)
        answers = {"optimize": {"optimal_weights": {"A": 1.0}}, "frontier": {"efficient_frontier": []}, "factors": {}}
        for kind, document in answers.items():
            walled.complete(finished(f"{kind}-{name}", kind=kind, portfolio_id=name, request={}, document=document), None)
        watch(walled, name)
        kept = ("alternatives", "calm", "anna", FIRST)
        SqlChoices(walled.database).save(SavedChoice(f"sav-{name}", f"frontier-{name}", name, *kept, run_id=f"reb-{name}"))
        SqlChoices(walled.database).select(Selection(f"reb-{name}", f"frontier-{name}", name, "edit", "anna", FIRST))
    return walled


def watch(store: SqlStore, name: str) -> None:
    """A figure, an alert and a silence of the portfolio."""
    of, alerts = labels(portfolio=name), SqlAlerts(store.database)
    SqlFigures(store.database).put([Figure("book_drift", of, FIRST, 0.1)])
    alerts.silence(Silence(f"silence-{name}", of, FIRST, FIRST, "anna", "known"))
    firing = (AlertState.FIRING, FIRST, FIRST, 0.1, 0.05, 0.1, {}, "it drifts", "book-drift")
    fired = Alert(f"alert-{name}", "drift", "books", Severity.WARN, of, *firing)
    alerts.save([fired], [], [], on=alerts.standing().version, at=FIRST, channels=[])


FIRST = datetime(2026, 1, 1, tzinfo=UTC)
OURS = [table for table in columns.metadata.sorted_tables if table.name not in OF_NO_PORTFOLIO]


def counts(store: SqlStore) -> dict[str, int]:
    """Of every table of portfolios, asked without a condition."""
    with store.database.reading() as connection:
        return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in OURS}


def test_a_query_without_a_condition_shows_the_rows_of_ones_own_portfolios_alone(filled):
    everything = counts(filled)
    assert not [name for name, n in everything.items() if n < 2]
    with restricted_to(frozenset({"P1"})):
        assert counts(filled) == {name: n // 2 for name, n in everything.items()}
        with filled.database.reading() as connection:
            for table in OURS:
                if "portfolio_id" in table.c:
                    assert set(connection.execute(select(table.c.portfolio_id)).scalars()) == {"P1"}, table.name
    with restricted_to(frozenset({"P1", "P2"})):
        assert counts(filled) == everything
    with restricted_to(frozenset()):
        assert set(counts(filled).values()) == {0}
    with restricted_to(frozenset({"P1"})), restricted_to(None):
        assert counts(filled) == everything
    assert counts(filled) == everything


def test_partitions_by_their_own_names_show_no_more(filled):
    named = "SELECT count(*) FROM query.{}"
    with filled.database.reading() as connection:
        found = "SELECT relname FROM pg_class WHERE relname LIKE 'portfolio_optimization_ts_%' AND relkind = 'r'"
        partitions = list(connection.execute(text(found)).scalars())
        everything = sum(connection.execute(text(named.format(name))).scalar_one() for name in partitions)
    with restricted_to(frozenset({"P1"})), filled.database.reading() as connection:
        assert sum(connection.execute(text(named.format(name))).scalar_one() for name in partitions) == everything // 2 > 0


def test_what_belongs_to_another_one_is_as_if_it_were_not_there(filled):
    with restricted_to(frozenset({"P1"})):
        assert filled.get("reb-P1").portfolio_id == "P1"
        for ask, error in (
            (lambda: filled.get("reb-P2"), UnknownRun),
            (lambda: SqlPortfolios(filled.database).get("P2"), UnknownThing),
            (lambda: SqlJobs(filled.database).get("opt-P2"), UnknownThing),
            (lambda: SqlAlerts(filled.database).acknowledge("alert-P2", "mallory"), UnknownThing),
            (lambda: SqlAlerts(filled.database).end_silence("silence-P2", FIRST), UnknownThing),
        ):
            with pytest.raises(error):
                ask()
        assert {run.portfolio_id for run in filled.runs()} == {"P1"}
        assert SqlLedger(filled.database).entries("P2") == []


def test_a_row_of_another_one_is_not_written_and_not_changed(filled, finished):
    with restricted_to(frozenset({"P1"})):
        with pytest.raises(NotAllowed):
            SqlPortfolios(filled.database).declare(Holdings("P2", {"A": Decimal(9)}), "mallory")
        with pytest.raises(NotAllowed):
            filled.complete(finished("reb-new", portfolio_id="P2"), None)
        with filled.database.writing() as connection:
            changed = connection.execute(text("UPDATE command.runs SET status = 'cancelled'")).rowcount
            assert changed == connection.execute(text("SELECT count(*) FROM command.runs")).scalar_one()
    assert filled.get("reb-P2").status is RunStatus.COMPLETED
    assert SqlPortfolios(filled.database).get("P2").version == 1


def test_the_wall_falls_with_the_transaction_it_was_for(filled):
    with restricted_to(frozenset()):
        counts(filled)
    with filled.database.reading() as connection:  # the same connection, from the pool
        assert connection.execute(text("SELECT count(*) FROM command.runs")).scalar_one() > 0


def test_every_table_of_portfolios_has_a_forced_policy(walled):
    with walled.database.reading() as connection:
        found = connection.execute(
            text(
                """SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_policy p ON p.polrelid = c.oid
                WHERE c.relrowsecurity AND c.relforcerowsecurity AND p.polname = :policy"""
            ),
            {"policy": POLICY},
        )
        restricted = set(found.scalars())
    assert {table.fullname for table in OURS} <= restricted


def test_partitions_that_are_made_later_are_restricted_too(filled):
    with restricted_to(frozenset({"P1"})):
        made = filled.maintain(datetime(2031, 12, 24, tzinfo=UTC))
    with filled.database.reading() as connection:
        safe = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relname = ANY(:names)"
        assert connection.execute(text(safe), {"names": made}).scalar_one() == len(made) == 4


def test_health_says_where_the_wall_is_passed_by(databases, walled, migrated_database):
    passed = SqlStore(databases.server.set(database=migrated_database).render_as_string(hide_password=False))
    assert walled.health()["row_security"] == "holds"
    assert "superuser" in str(passed.health()["row_security"])
    passed.close()
