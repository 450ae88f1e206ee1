"""What a desk asks around a proposal: the choices there are, an edit, a what-if, and whether a portfolio may trade now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.dialects.exact import read_date
from portopt.dialects.names import in_s2_words
from portopt.dialects.reading import flag, mapping_of, number, object_of, one_of, text
from portopt.dialects.submissions import MOST_HOURS, ON_DATA, TRADED, infeasible_in_words_of, read_on_data
from portopt.document.choices import alternatives_document, edit_document, what_if_document
from portopt.domain.approval import ApprovalWanted
from portopt.domain.canonical import canonical_json
from portopt.domain.chosen import ALTERNATIVES, EDIT, WHAT_IF
from portopt.domain.errors import InvalidValue
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.wire.answers.optimizations import require_hours
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.answers.runs import run_named
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.places import place_of
from portopt.doors.wire.standing import request_of
from portopt.intake.choices import NAMES
from portopt.questions import alternatives as choosing
from portopt.questions import edit as editing
from portopt.questions import what_if as moving
from portopt.runs import asked_again, choices, history, lifecycle

if TYPE_CHECKING:
    from portopt.runtime import Runtime

HOURS = "approval_hours"


def alternatives(asked: Asked) -> Answered:
    """{select: a name} makes that one's proposal, at once; {run_id} asks around that proposal, on its own book and prices."""
    asked.only()
    known_here = (*ON_DATA, *TRADED, "select", "run_id", HOURS)
    found = object_of(asked.data() if asked.call.body.strip() else {}, "", known_here)
    hours = _hours(found)
    found = object_of(asked.data() if asked.call.body.strip() else {}, "", (*ON_DATA, *TRADED, "select", "run_id"))
    select = None if found.get("select") is None else one_of(text(found["select"], "select"), "select", NAMES)
    question = _of_portfolio(asked, found)
    with in_s2_words(), infeasible_in_words_of(found):
        if select is not None:
            return proposed(asked, question, {"kind": ALTERNATIVES}, select, hours)
        return _answered(question, {"kind": ALTERNATIVES}, asked)


def edit(asked: Asked) -> Answered:
    """{trades: by asset id, propose, approval_hours}: of a stored run, on its own prices."""
    asked.only()
    found = object_of(asked.data(), "", ("trades", "propose", HOURS))
    how, question = {"kind": EDIT, "trades": _said(found, "trades")}, _of_run(asked)
    return proposed(asked, question, how, hours=_hours(found)) if _proposes(found) else _answered(question, how, asked)


def what_if(asked: Asked) -> Answered:
    """{moved: by path of the policy, propose, approval_hours}: of a stored run, on its own prices."""
    asked.only()
    found = object_of(asked.data(), "", ("moved", "propose", HOURS))
    how, question = {"kind": WHAT_IF, "moved": _said(found, "moved")}, _of_run(asked)
    return proposed(asked, question, how, hours=_hours(found)) if _proposes(found) else _answered(question, how, asked)


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


@dataclass(frozen=True, slots=True)
class Around:
    """What is asked around: a request, or a stored run, with what that asked."""

    request: RebalanceRequest
    run: RunRecord | None = None

    @property
    def asked(self) -> RebalanceRequest | RunRecord:
        return self.run or self.request


def proposed(asked: Asked, around: Around, how: Mapping[str, Any], alternative: str = "", hours: float = 0.0) -> Answered:
    """The run that a choice makes, and on record that it was chosen: out of what, by whom. hours: for a person to approve it.

    Raises InvalidValue where the policy wants a person and nobody is asked, and ProposalSuperseded.
    """
    require_hours(around.request.policy, hours)
    run = _propose(around, how, alternative, asked.runtime, ApprovalWanted(hours) if hours > 0 else None)
    if run.status is RunStatus.SUPERSEDED:
        raise lifecycle.superseded(run, asked.runtime)
    choices.selected(run, _document(around, how, asked), asked.runtime, alternative)
    document = {"run_id": run.run_id, "status": run.status.value, **dict((run.document or {}).get("headline") or {})}
    return Answered(document, headers={"Location": place_of("get_run", run_id=run.run_id)})


def _propose(
    around: Around, how: Mapping[str, Any], alternative: str, runtime: Runtime, wanted: ApprovalWanted | None
) -> RunRecord:
    if how["kind"] == ALTERNATIVES:
        return choosing.select(around.asked, alternative, runtime, wanted=wanted)
    if how["kind"] == EDIT:
        return editing.propose_edit(around.asked, how["trades"], runtime, wanted=wanted)
    return moving.propose_what_if(around.asked, how["moved"], runtime, wanted=wanted)


def _document(around: Around, how: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """The answer as it is kept, with its address."""
    runtime, until, what = asked.runtime, asked.until, around.asked
    said = {name: value for name, value in how.items() if name != "kind"}
    if how["kind"] == ALTERNATIVES:
        document = alternatives_document(choosing.alternatives(what, runtime, until=until))
    elif how["kind"] == EDIT:
        document = edit_document(editing.edit(what, how["trades"], runtime, until=until))
    else:
        document = what_if_document(moving.what_if(what, how["moved"], runtime, until=until))
    return choices.keep(how["kind"], around.request, document, runtime, **said)


def _answered(around: Around, how: Mapping[str, Any], asked: Asked) -> Answered:
    """In the bytes that its address gives."""
    document = _document(around, how, asked)
    choice_id = document["choice_id"]
    headers = {} if choice_id is None else {"Content-Location": place_of("get_choice", choice_id=choice_id)}
    return Answered(canonical_json(document), headers=headers)


def _of_portfolio(asked: Asked, found: Mapping[str, Any]) -> Around:
    """Raises InvalidValue for a run of another portfolio, and where data is named beside a run, which has its own."""
    portfolio = known(asked)
    if found.get("run_id") is None:
        return Around(request_of(portfolio, read_on_data(found), asked.runtime))
    named = text(found["run_id"], "run_id")
    beside = [name for name in (*ON_DATA, *TRADED) if found.get(name) is not None]
    if beside:
        why = "does not go with run_id: a run has its own"
        raise InvalidValue(beside[0], found[beside[0]], why, fix="leave one of them out")
    around = around_run(asked, named)
    if around.request.holdings.portfolio_id != portfolio.id:
        raise InvalidValue("run_id", named, f"is a run of another portfolio than {portfolio.id}")
    return around


def _of_run(asked: Asked) -> Around:
    return around_run(asked, asked.call.place["run_id"])


def around_run(asked: Asked, named: str) -> Around:
    """What a run asked. Raises UnknownThing, InvalidValue for one that is no rebalance."""
    run = history.require_rebalance(run_named(asked, named))
    return Around(asked_again.book_of(run), run)


def _said(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    return dict(mapping_of({} if found.get(name) is None else found[name], name))


def _hours(found: Mapping[str, Any]) -> float:
    """How long a person may take to approve what is proposed; 0 asks nobody."""
    return 0.0 if found.get(HOURS) is None else number(found[HOURS], HOURS, low=0.0, high=MOST_HOURS)


def _proposes(found: Mapping[str, Any]) -> bool:
    return found.get("propose") is not None and flag(found["propose"], "propose")
