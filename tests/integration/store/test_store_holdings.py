"""Two proposals of one portfolio from different holdings: one of them stands."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from portopt.adapters.store import models
from portopt.domain.holdings import Holdings
from portopt.domain.run import RunStatus


@pytest.fixture
def proposal(finished):
    """A finished run on holdings of so many shares of A."""

    def make(run_id: str, shares: str, **fields):
        held = {"portfolio_id": "P1", "currency": "USD", "cash": "0", "shares": {"A": shares}}
        return finished(run_id, request={"policy": {"limits": {}}, "holdings": held}, **fields)

    return make


def held(shares: str) -> Holdings:
    return Holdings("P1", {"A": Decimal(shares)})


def status(store, run_id: str) -> RunStatus:
    return store.get(run_id).status


def released(store) -> list[str]:
    with store._reading() as connection:
        return list(connection.execute(select(models.outbox.c.event_id).order_by(models.outbox.c.sequence)).scalars())


def mirrored(store, run_id: str) -> str:
    table = models.rebalance_requests
    with store._reading() as connection:
        return connection.execute(select(table.c.status).where(table.c.id == run_id)).scalar_one()


def test_holdings_have_a_version_that_counts_what_they_have_been(store):
    assert store.holdings_version("P1") == 0
    for shares, version in (("100", 1), ("100.00", 1), ("120", 2), ("100", 3)):
        store.save_holdings(held(shares))
        assert store.holdings_version("P1") == version


def test_a_proposal_declares_its_holdings_with_its_result_if_nobody_did_meanwhile(store, proposal, event):
    assert store.complete(proposal("reb-1", "100"), event("e1"), since=0)
    assert (status(store, "reb-1"), released(store)) == (RunStatus.COMPLETED, ["e1"])
    assert (store.holdings("P1"), store.holdings_version("P1")) == (held("100"), 1)


def test_of_two_proposals_that_began_together_on_different_holdings_one_is_released(store, proposal, event):
    store.complete(proposal("reb-1", "100"), event("e1"), since=0)
    assert store.complete(proposal("reb-2", "120"), event("e2"), since=0)
    assert (status(store, "reb-2"), mirrored(store, "reb-2")) == (RunStatus.SUPERSEDED, "superseded")
    assert store.get("reb-2").document is not None
    assert released(store) == ["e1"]
    assert store.holdings("P1") == held("100")


def test_two_proposals_on_the_same_holdings_are_both_released(store, proposal, event):
    store.complete(proposal("reb-1", "100"), event("e1"), since=0)
    store.complete(proposal("reb-2", "100.0"), event("e2"), since=0)
    assert released(store) == ["e1", "e2"]


def test_a_proposal_whose_holdings_were_replaced_while_it_was_worked_out_is_superseded(store, begun, proposal, event):
    store.save_holdings(held("100"))
    store.begin(begun("reb-1", request=proposal("reb-1", "100").request))
    store.save_holdings(held("90"))
    store.complete(proposal("reb-1", "100"), event("e1"))
    assert (status(store, "reb-1"), released(store)) == (RunStatus.SUPERSEDED, [])


def test_holdings_that_are_declared_supersede_the_proposals_on_others_that_await_approval(store, proposal, event):
    store.complete(proposal("reb-1", "100", status=RunStatus.AWAITING_APPROVAL), None, since=0)
    store.save_holdings(held("100"))
    assert status(store, "reb-1") is RunStatus.AWAITING_APPROVAL
    store.save_holdings(held("90"))
    assert (status(store, "reb-1"), mirrored(store, "reb-1")) == (RunStatus.SUPERSEDED, "superseded")
    assert store.release("reb-1", event("e1")) is False
    assert released(store) == []


def test_a_newer_proposal_supersedes_one_that_awaits_approval(store, proposal, event):
    store.complete(proposal("reb-1", "100", status=RunStatus.AWAITING_APPROVAL), None, since=0)
    store.complete(proposal("reb-2", "100"), event("e2"), since=1)
    assert status(store, "reb-1") is RunStatus.SUPERSEDED


def test_a_superseded_proposal_stands_again_when_its_holdings_are_declared_again(store, proposal, event):
    store.complete(proposal("reb-1", "100"), event("e1"), since=0)
    store.complete(proposal("reb-2", "120"), event("e2"), since=0)
    assert store.renew(proposal("reb-2", "120"), event("e2"), since=1).status is RunStatus.COMPLETED
    assert released(store) == ["e1", "e2"]
    assert store.holdings("P1") == held("120")
    assert store.renew(proposal("reb-2", "120"), event("e2"), since=2).status is RunStatus.COMPLETED
    assert released(store) == ["e1", "e2"]


def test_one_that_a_person_must_approve_stands_again_as_awaiting(store, proposal, event):
    store.complete(proposal("reb-1", "100", status=RunStatus.AWAITING_APPROVAL), None, since=0)
    store.save_holdings(held("90"))
    store.save_holdings(held("100"))
    assert store.renew(proposal("reb-1", "100"), None).status is RunStatus.AWAITING_APPROVAL
    assert store.release("reb-1", event("e1")) is True


def test_an_event_that_is_owed_is_put_into_the_outbox_when_the_run_is_asked_for_again(store, proposal, event):
    store.complete(proposal("reb-1", "100"), None, since=0)
    assert released(store) == []
    store.renew(proposal("reb-1", "100"), event("e1"), since=1)
    assert released(store) == ["e1"]
