"""What a desk asks around a proposal: the choices there are, an edit, a what-if, and whether a portfolio may trade now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from portopt.dialects.names import in_s2_words
from portopt.dialects.reading import flag, mapping_of, object_of, one_of, text
from portopt.dialects.requests import read_date
from portopt.dialects.submissions import ON_DATA, TRADED, infeasible_in_words_of, read_on_data
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.wire.answers.optimizations import require_hours
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.answers.runs import run_of
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.options import kept_at
from portopt.doors.wire.places import place_of
from portopt.doors.wire.standing import request_of
from portopt.intake.choices import NAMES
from portopt.runs import answers, asked_again, history, lifecycle


def alternatives(asked: Asked) -> Answered:
    """{select: a name} makes that one's proposal, at once."""
    from portopt.document.choices import alternatives_document
    from portopt.questions import alternatives as choosing

    asked.only()
    found = object_of(asked.data() if asked.call.body.strip() else {}, "", (*ON_DATA, *TRADED, "select"))
    select = None if found.get("select") is None else one_of(text(found["select"], "select"), "select", NAMES)
    request = request_of(known(asked), read_on_data(found), asked.runtime)
    with in_s2_words(), infeasible_in_words_of(found):
        if select is not None:
            return _proposed(asked, request, lambda: choosing.select(request, select, asked.runtime))
        document = alternatives_document(choosing.alternatives(request, asked.runtime, until=asked.until))
    return _kept(asked, "alternatives", request, document)


def edit(asked: Asked) -> Answered:
    """{trades: by asset id, propose}: of a stored run, on its own prices."""
    from portopt.document.choices import edit_document
    from portopt.questions import edit as editing

    asked.only()
    found = object_of(asked.data(), "", ("trades", "propose"))
    trades = _said(found, "trades")
    request = _of_run(asked)
    if _proposes(found):
        return _proposed(asked, request, lambda: editing.propose_edit(request, trades, asked.runtime))
    document = edit_document(editing.edit(request, trades, asked.runtime, until=asked.until))
    return _kept(asked, "edit", request, document, trades=trades)


def what_if(asked: Asked) -> Answered:
    """{moved: by path of the policy, propose}: of a stored run, on its own prices."""
    from portopt.document.choices import what_if_document
    from portopt.questions import what_if as moving

    asked.only()
    found = object_of(asked.data(), "", ("moved", "propose"))
    moved = _said(found, "moved")
    request = _of_run(asked)
    if _proposes(found):
        return _proposed(asked, request, lambda: moving.propose_what_if(request, moved, asked.runtime))
    document = what_if_document(moving.what_if(request, moved, asked.runtime, until=asked.until))
    return _kept(asked, "what_if", request, document, moved=moved)


def ready(asked: Asked) -> Answered:
    """`on`: the day it is asked for, else today as the exchange counts days. Nothing is kept: tomorrow it is another answer."""
    from portopt.adapters.providers.exchange_calendar import today
    from portopt.document.choices import ready_document
    from portopt.questions.ready import Declared
    from portopt.questions.ready import ready as looked

    asked.only("on", *ON_DATA)
    portfolio, runtime, on = known(asked), asked.runtime, asked.text("on")
    day = today(runtime.settings.calendar, datetime.now(UTC)) if on is None else read_date(on, "on")
    named = {name: value for name, value in asked.call.asked.items() if name in ON_DATA}
    request = request_of(portfolio, read_on_data(named), runtime)
    newest = next(iter(runtime.portfolios.versions(portfolio.id, limit=1)), None)
    declared = None if newest is None else Declared(newest.declared_at, newest.version)
    return Answered(ready_document(looked(request, runtime, day, declared=declared, until=asked.until)))


def _of_run(asked: Asked) -> RebalanceRequest:
    """What the run in the path asked. Raises UnknownThing, InvalidValue for one that is no rebalance."""
    run = history.require_rebalance(run_of(asked))
    request = asked_again.request_of(run.run_id, asked.runtime)
    if not isinstance(request, RebalanceRequest):  # require_rebalance has seen to it; the type checker cannot know
        raise TypeError(run.run_id)
    return request


def _said(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    return dict(mapping_of({} if found.get(name) is None else found[name], name))


def _proposes(found: Mapping[str, Any]) -> bool:
    return found.get("propose") is not None and flag(found["propose"], "propose")


def _proposed(asked: Asked, request: RebalanceRequest, propose: Callable[[], RunRecord]) -> Answered:
    """The run that it makes. Raises InvalidValue where the policy wants to be asked later, and ProposalSuperseded."""
    require_hours(request.policy, 0.0)
    run = propose()
    if run.status is RunStatus.SUPERSEDED:
        raise lifecycle.superseded(run, asked.runtime)
    document = {"run_id": run.run_id, "status": run.status.value, **dict((run.document or {}).get("headline") or {})}
    return Answered(document, headers={"Location": place_of("get_run", run_id=run.run_id)})


def _kept(asked: Asked, kind: str, request: RebalanceRequest, document: dict[str, Any], **how: Any) -> Answered:
    return Answered(document, headers=kept_at(answers.keep(kind, request, document, asked.runtime, **how)))
