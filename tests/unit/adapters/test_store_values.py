"""What the store turns values into, without a database."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from alembic import command
from hypothesis import given
from hypothesis import strategies as st

from portopt.adapters.store import migrate
from portopt.adapters.store.partitions import months
from portopt.adapters.store.records import (
    holdings_from,
    holdings_row,
    policy_from,
    policy_row,
    version_key,
)
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import DataError
from portopt.domain.holdings import Holdings
from portopt.domain.request import Policy

names = st.text(min_size=1, max_size=20).filter(lambda s: "\x00" not in s)
decimals = st.decimals(allow_nan=False, allow_infinity=False)


@given(shares=st.dictionaries(names, decimals, max_size=5), cash=decimals)
def test_holdings_pass_through_json_unchanged_to_the_last_digit(shares, cash):
    held = Holdings("P1", shares, cash)
    back = holdings_from(json.loads(json.dumps({**holdings_row(held), "updated_at": None})))
    assert back == held
    assert [str(n) for n in back.shares.values()] == [str(n) for n in shares.values()]


@given(
    limits=st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False), max_size=4),
    relax=st.lists(names, max_size=3),
    rate=st.floats(-1, 1),
)
def test_a_policy_passes_through_json_unchanged(limits, relax, rate):
    policy = Policy("p", "P", {"kind": "max_sharpe"}, limits, risk_free_rate=rate, relax_order=tuple(relax))
    assert policy_from(json.loads(json.dumps(policy_row(policy)["body"]))) == policy


@pytest.mark.parametrize("where", [{"patience": 1}, {"trading": {"patience": 1}}])
def test_a_stored_policy_of_another_version_is_not_read_in_part(where):
    body = {**policy_row(Policy("p", "P", {}, {}))["body"], **where}
    with pytest.raises(DataError, match="patience"):
        policy_from(body)


def test_stored_holdings_that_are_no_decimals_are_bad_data():
    with pytest.raises(DataError, match="decimals"):
        holdings_from({"id": "P1", "shares": {"A": "many"}, "cash": "1", "currency": "USD"})


def test_versions_are_ordered_as_people_order_them():
    assert sorted(["v10", "v2", "v1.10", "v1.9", "v1"], key=version_key) == ["v1", "v1.9", "v1.10", "v2", "v10"]


@given(first=st.dates(date(1990, 1, 1), date(2190, 1, 1)), count=st.integers(1, 40))
def test_months_follow_each_other_without_gap_and_the_first_holds_the_day(first, count):
    found = months(first, count)
    assert found[0][0] <= first < found[0][1]
    assert len(found) == count
    assert all(a[1] == b[0] for a, b in pairwise(found))
    assert all(start.day == end.day == 1 and timedelta(28) <= end - start <= timedelta(31) for start, end in found)


def test_opening_no_store_loads_no_database_library():
    """Start-up time: a question that needs no database does not pay for one."""
    code = (
        "import sys, portopt.adapters.store, portopt.adapters.events, portopt.adapters.events.relay, "
        "portopt.adapters.events.local_log, portopt.adapters.events.pulsar_sink; "
        "print([m for m in ('sqlalchemy', 'psycopg', 'alembic', 'pulsar') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_store_that_is_new_or_up_to_date_opens_without_alembic_and_without_another_database(tmp_path):
    code = (
        "import sys; from portopt.adapters.store.sql import SqlStore; SqlStore(sys.argv[1]).migrate(); "
        "print(bool({'alembic', 'sqlalchemy.dialects.postgresql', 'psycopg'} & set(sys.modules)))"
    )
    old, new = (f"sqlite:///{tmp_path}/{name}.db" for name in ("old", "new"))
    with SqlStore(old).database.writing() as connection:
        found = migrate.alembic_config(connection, level="plain", timescaledb="absent", chunk_days=1)
        command.upgrade(found, "r0007")
    runs = [
        subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True).stdout
        for url in (new, new, old, old)
    ]
    assert runs == ["False\n", "False\n", "True\n", "False\n"]


def test_a_month_of_the_present_is_known():
    now = datetime(2026, 11, 20, tzinfo=UTC).date()
    assert months(now, 1) == [(date(2026, 11, 1), date(2026, 12, 1))]


def test_decimals_are_stored_as_texts():
    row = holdings_row(Holdings("P1", {"A": Decimal("1.10")}, Decimal("0.00")))
    assert (row["shares"], row["cash"]) == ({"A": "1.10"}, "0.00")
