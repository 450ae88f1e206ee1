"""What can go wrong, as one tree; every leaf composes its own sentence from facts.

    PortoptError
    ├── RequestError        exit 2: what was asked cannot be understood or is out of range
    │   ├── MalformedDocument, UnknownField, InvalidValue, UnknownPolicy, UnknownRun, MissingInput, FileNotReadable,
    │   │                   ProposalRejected, ProposalSuperseded, ProposalExpired, ProposalHeld, ChangesRequested
    │   ├── NotAuthenticated, NotAllowed, UnknownThing, Conflict, KeyReused, TooLarge: said by the service
    ├── InfeasibleRequest   exit 3: a surface's way to say that a Diagnosis is the answer
    ├── DataError           exit 4: the data cannot be used as it is, named by asset and date
    │   ├── SharesInDoubt   holdings from before a split beside prices from after it
    │   ├── EventRefused    a sink will not take this one event, whatever becomes of the others
    ├── OutsideError        exit 5: the outside world failed; the only branch worth a retry
    │   ├── Unavailable     a part of the service itself is not there at the moment
    ├── TooMany             exit 5: refused before it waits; asking again later is right
    ├── CertificateRefused  exit 1: our own answer did not pass the audit, so it does not leave
    ├── OptimizerStopped    exit 1: no answer, and no proof that there is none
    ├── DeadlineExceeded    exit 6: the time that was given ended before there was an answer
    └── SearchEnded         exit 6: a search used up its counted work without an answer, and without a proof that there is none

`problem()` renders any of them as the RFC 9457 object of every surface.
"""

from __future__ import annotations

import copyreg
import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar


class PortoptError(Exception):
    """Something went wrong on our side, and the log has it under the request id.

    Base of everything this product raises on purpose.

    Args:
        detail: one sentence, in the user's own terms.
        field: where in the request (dotted path), if anywhere.
        value: what stood there.
        measured: facts that were measured, by name.
        fixes: sentences, each a fix; only what was checked belongs here.
    """

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong inside portopt"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        detail: str,
        *,
        field: str | None = None,
        value: Any = None,
        measured: Mapping[str, Any] | None = None,
        fixes: Sequence[str] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.value = value
        self.measured = dict(measured or {})
        self.fixes = tuple(fixes)

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, to another process: a leaf that composes its sentence is not asked to compose it again."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]  # pickle's own

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 problem object: stable code, what was asked, what was measured, what would fix it."""
        return {
            "type": f"urn:portopt:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "asked": {"field": self.field, "value": self.value},
            "measured": self.measured,
            "fixes": list(self.fixes),
        }


class RequestError(PortoptError):
    """The request cannot be carried out as it is written."""

    code = "bad_request"
    title = "The request cannot be carried out as written"
    status = 422
    exit_code = 2


class MalformedDocument(RequestError):
    """A document that is not what its kind says: broken JSON, a list where an object belongs."""

    code = "malformed_document"
    status = 400


class UnknownField(RequestError):
    """A name nobody knows; the nearest known ones are offered."""

    code = "unknown_field"

    def __init__(self, name: str, known: Iterable[str], *, path: str = "", value: Any = None) -> None:
        known = sorted(known)
        spelled = {word.lower(): word for word in reversed(known)}
        # Below this, other words of the user's come near as well: 'Credit' is no slip for 'Trend'.
        near = [spelled[word] for word in difflib.get_close_matches(name.lower(), spelled, n=1, cutoff=0.6)]
        where = f"{path}.{name}" if path else name
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        super().__init__(
            f"{where!r} is not a field of this request; {hint}",
            field=where,
            value=value,
            measured={"known_fields": known},
            fixes=[f"rename {name!r} to {near[0]!r}"] if near else [f"use one of: {', '.join(known)}"],
        )
        self.nearest = near[0] if near else None


class InvalidValue(RequestError):
    """A known field holding a value that cannot mean anything."""

    code = "invalid_value"

    def __init__(self, field: str, value: Any, why: str, *, fix: str | None = None) -> None:
        super().__init__(f"{field} = {value!r}: {why}", field=field, value=value, fixes=[fix] if fix else ())


class UnknownPolicy(RequestError):
    """No policy has this id; the nearest known ones are offered."""

    code = "unknown_policy"
    status = 404

    def __init__(self, policy_id: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(policy_id, known, n=1, cutoff=0.4)
        super().__init__(
            f"there is no policy {policy_id!r}; known policies: {', '.join(known) or 'none (run `portopt policies seed`)'}",
            field="policy",
            value=policy_id,
            measured={"known_policies": known},
            fixes=[f"use {near[0]!r}"] if near else [f"use one of: {', '.join(known)}"] if known else [],
        )


class UnknownRun(RequestError):
    """No run has this id, or none that who asks may see: the two are told alike."""

    code = "unknown_run"
    status = 404

    def __init__(self, run_id: str, recent: Sequence[str] = ()) -> None:
        super().__init__(
            f"there is no run {run_id!r} in this store",
            field="run",
            value=run_id,
            measured={"recent_runs": list(recent)},
            fixes=["`portopt runs` lists the runs of this store"],
        )


class MissingInput(RequestError):
    """Something the request needs and does not bring."""

    code = "missing_input"


class FileNotReadable(RequestError):
    """A file that is not there, or is not what its name says."""

    code = "file_not_readable"


class ProposalRejected(RequestError):
    """A person said no, or nobody said yes in time."""

    code = "rejected"
    title = "The proposal was not released"


class ProposalExpired(RequestError):
    """Nobody decided in the time that was given: it is not released."""

    code = "expired"
    title = "The proposal was not released"
    status = 409

    def __init__(self, run_id: str, expired_at: datetime) -> None:
        at = expired_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        super().__init__(
            f"proposal {run_id} was not released: nobody approved it until {at}",
            field="approval",
            value=run_id,
            measured={"expired_at": at},
            fixes=["rebalance the portfolio again: what is proposed now rests on the prices and the holdings of now"],
        )


class ProposalHeld(RequestError):
    """Somebody holds it, and nobody approves it before an instant."""

    code = "held"
    title = "The proposal is held"
    status = 409

    def __init__(self, run_id: str, held_until: datetime, by: str) -> None:
        at = held_until.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        super().__init__(
            f"proposal {run_id} is held until {at} by {by}: nobody approves it before then",
            field="approval",
            value=run_id,
            measured={"held_until": at, "held_by": by},
            fixes=["wait until then", "lift the hold: release_hold"],
        )


class ChangesRequested(RequestError):
    """Somebody wants it otherwise: it is not approved as it is."""

    code = "changes_requested"
    title = "The proposal is to be changed"
    status = 409

    def __init__(self, run_id: str, by: str, note: str) -> None:
        super().__init__(
            f"proposal {run_id} is not approved as it is: {by} wants it changed: {note}",
            field="run",
            value=run_id,
            measured={"requested_by": by, "note": note},
            fixes=["propose the portfolio anew with that changed: the new proposal takes this one's place"],
        )


class ProposalSuperseded(RequestError):
    """Built on holdings that are not the newest any more, or replaced by a newer proposal: it is not released."""

    code = "superseded"
    title = "The proposal was not released"
    status = 409

    def __init__(self, run_id: str, portfolio_id: str, holdings_version: int, newer: str | None = None) -> None:
        measured = {"portfolio_id": portfolio_id, "holdings_version": holdings_version}
        why = f"{portfolio_id!r} has newer holdings or a newer proposal since" if newer is None else f"{newer} took its place"
        super().__init__(
            f"proposal {run_id} is superseded and not released: {why}",
            field="run",
            value=run_id,
            measured=measured if newer is None else {**measured, "newer_proposal": newer},
            fixes=[f"decide about {newer}"] if newer else ["rebalance the portfolio again, from its newest holdings"],
        )


class NotAuthenticated(RequestError):
    """Nobody knows who asks."""

    code = "not_authenticated"
    title = "Who asks is not known"
    status = 401


class NotAllowed(RequestError):
    """Who asks is known, and may not. A portfolio that they may not see is not there for them: that is not_found."""

    code = "not_allowed"
    title = "This is not open to who asks"
    status = 403


class UnknownThing(RequestError):
    """There is nothing of that name, or nothing that who asks may see: the two are told alike."""

    code = "not_found"
    title = "There is no such thing here"
    status = 404

    def __init__(self, kind: str, name: str, *, field: str | None = None, fixes: Sequence[str] = ()) -> None:
        super().__init__(f"there is no {kind} {name!r}", field=field or kind, value=name, fixes=fixes)


def unknown_portfolio(portfolio_id: str) -> UnknownThing:
    """One that is not there, and one that who asks may not see."""
    return UnknownThing(
        "portfolio", portfolio_id, field="portfolio_id", fixes=["make the portfolio first, then import its holdings"]
    )


class Conflict(RequestError):
    """What is asked does not go with how things stand now."""

    code = "conflict"
    title = "This does not go with how things stand"
    status = 409


class KeyReused(RequestError):
    """An idempotency key came back with another request."""

    code = "key_reused"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the idempotency key {key!r} was used for another request",
            field="Idempotency-Key",
            value=key,
            fixes=["send the request that the key was first used for, or another key"],
        )


class TooLarge(RequestError):
    """More bytes, rows or requests at once than are taken."""

    code = "too_large"
    title = "The request is larger than this service takes"
    status = 413


class TooMany(PortoptError):
    """More questions than can be answered in time: this one is refused before it waits, and may be asked again."""

    code = "too_many_requests"
    title = "Too much is asked at the moment"
    status = 429
    exit_code = 5

    def __init__(self, wait_seconds: float, retry_after: int) -> None:
        super().__init__(
            f"an answer would take about {wait_seconds:.1f} s to be begun",
            measured={"expected_wait_seconds": round(wait_seconds, 3)},
            fixes=[f"ask again in {retry_after} s"],
        )
        self.retry_after = retry_after


class InfeasibleRequest(PortoptError):
    """No portfolio keeps all of these limits: proved, with each smallest set of them that already contradicts itself.

    Raised at a surface only: inside, an infeasible problem is a value (`Solution.diagnosis`).
    """

    code = "infeasible"
    title = "No portfolio satisfies all of these limits"
    status = 422
    exit_code = 3


class DataError(PortoptError):
    """Prices, holdings or beliefs that contradict themselves, are damaged, or are too few for what is asked."""

    code = "bad_data"
    title = "The data cannot be used as it is"
    status = 422
    exit_code = 4


class EventRefused(DataError):
    """A sink is there and will not take this event."""

    code = "event_refused"
    title = "An event was refused"


class SharesInDoubt(DataError):
    """Holdings from before a corporate action beside prices from after it: asked about, never traded."""

    code = "split_since_holdings"
    title = "Holdings and prices seem to be of two sides of a corporate action"


class OutsideError(PortoptError):
    """The outside world failed: a service did not answer, a database refused. Worth a retry."""

    code = "upstream_failed"
    title = "Something this product depends on failed"
    status = 502
    exit_code = 5


class Unavailable(OutsideError):
    """A part of this service is not there at the moment; asking again later is right."""

    code = "unavailable"
    title = "This service cannot answer at the moment"
    status = 503


class CertificateRefused(PortoptError):
    """The audit would not sign; the answer does not leave."""

    code = "certificate_refused"
    title = "The answer did not pass its own audit and was withheld"


class OptimizerStopped(PortoptError):
    """The solvers ended without an answer and without a proof that there is none."""

    code = "optimizer_stopped"
    title = "The optimizer stopped without an answer"

    def __init__(self, status: str, message: str = "") -> None:
        what = {
            "unbounded": "the objective can be improved without end under these limits",
        }.get(status, "every solver on the ladder failed")
        fixes = {
            "unbounded": ["add a bound on every position (long_only, max_weight or leverage_limit)"],
        }.get(status, [])
        super().__init__(f"{what}{f' ({message})' if message else ''}", measured={"status": status}, fixes=fixes)


class DeadlineExceeded(PortoptError):
    """The time that whoever asked has given is over: neither an answer nor a proof that there is none."""

    code = "deadline_exceeded"
    title = "There was no answer in the time given"
    status = 504
    exit_code = 6

    def __init__(self, seconds: float, doing: str) -> None:
        super().__init__(
            f"the {seconds:g} seconds given were over while {doing}; that no answer exists was not proved",
            field="within",
            value=seconds,
            measured={"doing": doing, "suggestions": ["give more time"]},
        )


class SearchEnded(PortoptError):
    """A search for whole numbers used up its counted work and found nothing: neither yes nor no.

    What might help stands under measured["suggestions"]: none of it was tried, so none of it is a fix.
    """

    code = "search_ended"
    title = "The search ended before an answer was found"
    status = 422
    exit_code = 6

    def __init__(self, what: str, *, measured: Mapping[str, Any], suggestions: Sequence[str] = ()) -> None:
        super().__init__(
            f"{what}; that none exists was not proved either",
            measured={**measured, "suggestions": list(suggestions)},
        )


def stopped(status: str, message: str = "") -> PortoptError:
    """The error for an answer that is neither there nor proved not to be. status: of the solver."""
    if status != "work_limit":
        return OptimizerStopped(status, message)
    return SearchEnded(
        "the search for whole numbers used up its counted work and found no portfolio",
        measured={"status": status, **({"search": message} if message else {})},
        suggestions=["loosen the limits that count (max_positions, min_position, max_trades)"],
    )
