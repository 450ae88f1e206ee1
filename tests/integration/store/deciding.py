"""Proposals that wait for a person, and people who decide about them over the wire, in this process."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from portopt.domain.access import SCOPES, Principal, asked_by
from portopt.domain.approval import ApprovalWanted
from portopt.domain.holdings import Holdings
from portopt.domain.run import RunRecord, RunStatus, digest_of
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call
from portopt.runs.asking import asking
from portopt.runtime import Runtime

FIGURES = [{"name": name, "after": 0.1, "change": 0.0} for name in ("expected_return", "volatility", "sharpe_ratio")]
RELEASABLE = {"figures": FIGURES, "certificate": {"engine": None, "objective": 0.0}}  # what an event is made of
RELAXED = {
    "limit": "max_turnover", "by": 0.05, "unit": "fraction", "before": "at most 20 %", "after": "at most 25 %",
    "because": "nothing within 20 % is fully invested.",
}  # fmt: skip
MISSED = {
    "limit": "max_tracking_error", "description": "tracking error at most 2 %", "unit": "fraction", "soft": True,
    "structural": False, "holds": False, "worst_violation": 0.004,
}  # fmt: skip


class Desk:
    """A store with proposals, and whoever decides about them."""

    def __init__(self, runtime: Runtime, finished: Callable[..., RunRecord]) -> None:
        self.runtime, self._finished = runtime, finished

    def proposes(
        self, run_id: str = "reb-1", by: str = "anna", hours: float | None = 24.0, policy: Mapping[str, Any] | None = None,
        portfolio: str = "P1", wanted: ApprovalWanted | None = None, shares: int = 200, **document: Any,
    ) -> RunRecord:  # fmt: skip
        """On holdings of AAPL and of so many `shares` of XOM; document: what else stands in the answer."""
        request = {"policy": {"id": "careful", "limits": {}, **(policy or {})}, "target_type": "optimal"}
        request["holdings"] = {"currency": "USD", "cash": "0", "shares": {"AAPL": "100", "XOM": f"{shares}"}}
        run = self._finished(run_id, portfolio_id=portfolio, request=request, status=RunStatus.AWAITING_APPROVAL)
        whole = {**(run.document or {}), **RELEASABLE, **document}
        run = dataclasses.replace(run, document=whole, document_digest=digest_of(whole), completed_at=datetime.now(UTC))
        version = self.runtime.runs.holdings_version(portfolio)
        with asked_by(by):
            self.runtime.runs.complete(asking(run, wanted or ApprovalWanted(hours)), None, since=version)
        return self.runtime.runs.get(run_id)

    def holds(self, shares: int, portfolio: str = "P1") -> None:
        self.runtime.runs.save_holdings(Holdings(portfolio, {"AAPL": Decimal(100), "XOM": Decimal(shares)}))

    def asks(self, who: str, operation: str, run_id: str = "", asked: Mapping[str, str] | None = None, **body: Any) -> Any:
        """(status, what was told)."""
        place = {"run_id": run_id} if run_id else {}
        call = Call(
            operation, place=place, asked=asked or {}, body=json.dumps(body).encode() if body else b"",
            who=Principal(who, frozenset(SCOPES), None),
        )  # fmt: skip
        reply = answer(call, self.runtime)
        return reply.status, json.loads(reply.body)

    def decides(self, who: str, decision: str, run_id: str = "reb-1", **said: Any) -> Any:
        return self.asks(who, "decide", run_id, decision=decision, **said)

    def waiting(self, who: str = "bert", **asked: str) -> list[str]:
        status, told = self.asks(who, "list_approvals", asked=asked)
        assert status == 200, told
        return [line["run_id"] for line in told["approvals"]]

    def kinds(self, run_id: str = "reb-1") -> list[tuple[str, str]]:
        _, told = self.asks("bert", "list_decisions", run_id)
        return [(entry["kind"], entry["subject"]) for entry in told["entries"]]
