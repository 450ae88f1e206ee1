"""A real one of every kind of problem, and what to do about its kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from portopt.domain import errors as e
from portopt.doors.wire import errors as wire
from portopt.optimization.ratio.best_ratio import NoExcessReturn, RisklessExcess
from portopt.trading.errors import NotRoundable


@dataclass(frozen=True, slots=True)
class Example:
    """instance: the address that was called. advice: what fixes problems of this kind, in general."""

    error: e.PortoptError
    advice: str
    instance: str = "/api/v1/optimize"


APPROVAL = "/api/v1/runs/reb-20221228-7e37/approval"
JOB, REBALANCE = "/api/v1/optimizations/opt-20261130-3f9c", "/api/v1/portfolios/P-1/rebalance"
ALL = (
    Example(
        e.MalformedDocument(
            "the document is not JSON: Expecting ',' delimiter at line 3, column 5", measured={"line": 3, "column": 5}
        ),
        "Send what the operation reads: one JSON value, in UTF-8, every name once, no NaN, not more than 64 lists and "
        "objects within each other.",
    ),
    Example(
        wire.HeadersTooLarge(
            "the head of the request is no HTTP/1.1, or longer than is read here",
            field="headers",
            fixes=["send fewer and shorter headers, and long values in the body"],
        ),
        "Most often a cookie or a header that a proxy has added is too long.",
        "",
    ),
    Example(
        e.NotAuthenticated(
            "this needs an API key or a token",
            field="Authorization",
            fixes=["send an API key as `Authorization: Bearer pok_…`"],
        ),
        "Send a key (`portopt keys create`) or a token of the configured issuer. A revoked key is refused within seconds.",
    ),
    Example(
        e.NotAllowed(
            "desk-7 may not do this: it needs the scope 'approve'",
            field="scope",
            value="approve",
            measured={"scopes": ["propose", "read"]},
            fixes=["use a key or a token with the scope 'approve'"],
        ),
        "Use a key or a token that has the scope. A portfolio that you may not see is not found, and not forbidden.",
        "/api/v1/runs/reb-20221228-7e37/approval",
    ),
    Example(
        e.UnknownThing("optimization", "opt-20261130-3f9c", fixes=["GET /optimizations lists them"]),
        "Look at the id: what is missing and what you may not see are told alike.",
        JOB,
    ),
    Example(
        e.UnknownPolicy("conservative", ["conservative_income", "aggressive_growth"]),
        "Use one of the policies that are named, or put your own first.",
        REBALANCE,
    ),
    Example(e.UnknownRun("reb-20221228-7e37"), "List the runs, and ask for one of them.", "/api/v1/runs/reb-20221228-7e37"),
    Example(wire.MethodNotAllowed("DELETE", "/api/v1/optimize", ["POST", "OPTIONS"]), "The header Allow names the methods."),
    Example(wire.NotAcceptable("text/csv", ["application/json"]), "Leave Accept out, or name what the operation gives."),
    Example(
        e.Conflict(
            "the holdings are version 8 by now, and the decision is on version 7",
            field="holdings_version",
            value=7,
            measured={"holdings_version": 8},
            fixes=["look at what changed, and decide again"],
        ),
        "Something has changed since you looked. Look again, and repeat what still makes sense.",
        APPROVAL,
    ),
    Example(
        e.ProposalSuperseded("reb-20221228-7e37", "P-1", 8),
        "Propose again: a proposal is released on the newest holdings alone.",
        APPROVAL,
    ),
    Example(
        e.ProposalExpired("reb-20221228-7e37", datetime(2026, 11, 30, 17, tzinfo=UTC)),
        "Propose again. Who needs longer asks for more approval_hours, as far as the policy gives them, or holds the proposal.",
        APPROVAL,
    ),
    Example(
        e.ProposalHeld("reb-20221228-7e37", datetime(2026, 12, 1, 9, tzinfo=UTC), "desk"),
        "Wait until the hold lifts by itself, or have whoever holds it release it.",
        APPROVAL,
    ),
    Example(
        e.ChangesRequested("reb-20221228-7e37", "desk", "less of XOM"),
        "Make what is wanted and propose again: an edit, a what-if, or another policy.",
        APPROVAL,
    ),
    Example(
        e.TooLarge(
            "a body of more than 64000000 bytes is not taken, as it comes or unpacked",
            field="body",
            measured={"most_bytes": 64_000_000},
            fixes=["upload beliefs or prices once, and name them in requests"],
        ),
        "Send less at once. Covariances and prices are uploaded once, and then named by their id.",
        "/api/v1/optimize/batch",
    ),
    Example(
        wire.UnsupportedMedia("Content-Type", "text/plain", ["application/json"]),
        "Say what the body is; gzip is unpacked, other packings are not.",
    ),
    Example(
        e.RequestError("a rebalance names one provider, and this names two", field="provider"),
        "Read the sentence and the fixes: the request cannot mean anything as it stands.",
        REBALANCE,
    ),
    Example(
        e.UnknownField("max_wieght", ["max_weight", "min_weight", "sector_limits"], path="constraints", value=0.1),
        "Spell the name as the reference does. What is not understood is refused, and never ignored.",
    ),
    Example(
        e.InvalidValue("constraints.max_weight", 25, "must lie in [0, 1]", fix="fractions are meant: 25 % is 0.25"),
        "Weights, limits and returns are fractions: 0.25 is 25 %. Returns and volatilities are a year's.",
    ),
    Example(
        e.MissingInput("strategies[0].volatility is missing", field="strategies[0].volatility", fixes=["add 'volatility'"]),
        "Add what is named, or give returns to estimate it from.",
    ),
    Example(
        e.FileNotReadable("holdings.csv is not there", field="holdings", value="holdings.csv"),
        "Said at the command line alone: over the wire a body carries values and names no file.",
        "",
    ),
    Example(
        e.ProposalRejected("reb-20221228-7e37 was rejected: too much in one sector", field="run", value="reb-20221228-7e37"),
        "A person said no, or nobody said yes in time. Propose again, with other limits if need be.",
        "/api/v1/runs/reb-20221228-7e37",
    ),
    Example(e.KeyReused("order-4711"), "One key stands for one request. Send a new key with a new request.", REBALANCE),
    Example(
        e.InfeasibleRequest(
            "these limits cannot hold together: max_weight 0.05 on 12 assets leaves 40 % nowhere to go",
            field="constraints.max_weight",
            value=0.05,
            measured={"conflicts": [{"limits": ["max_weight"], "reason": "12 assets × 5.00 % = 60.00 % < 100.00 % to invest"}]},
            fixes=["raise constraints.max_weight to 0.084"],
        ),
        "The conflict is minimal: each limit in it is needed for it. Every fix was solved before it was named.",
    ),
    Example(
        e.DataError(
            "the price of XOM falls by 50 % on 2022-12-21: an unadjusted split?",
            field="prices",
            value="XOM",
            measured={"ratio": 0.5, "date": "2022-12-21"},
            fixes=["send adjusted prices"],
        ),
        "The data is named by asset and date. Correct it, or let the policy say what becomes of such data.",
        REBALANCE,
    ),
    Example(
        e.SharesInDoubt(
            "holdings and prices from sample seem to be of two sides of a corporate action: AAPL looks like a split of 4 for 1 "
            "since these holdings, 100 shares would be 400 now: the holdings state a price of 400.00, and sample has 100.05 "
            "on 2022-12-27: 4:1, within 0.05%. Until that is settled every weight is in doubt, and nothing is proposed",
            field="holdings",
            value=["AAPL"],
            measured={"in_doubt": [{"asset_id": "AAPL", "stated": "400.00", "price": 100.05, "ratio": "4:1"}]},
            fixes=['state the split: splits {"AAPL": "4:1"}', 'confirm the shares: confirmed_shares ["AAPL"]'],
        ),
        "The holdings are from before a split in the prices. Give those of today, state the split, or confirm the shares.",
        REBALANCE,
    ),
    Example(
        e.EventRefused("the sink does not take event 7c9e…: larger than 5 MB", field="event"),
        "The event waits, is tried again, and is parked after its last attempt; later events of other portfolios go on.",
        "",
    ),
    Example(
        e.SearchEnded(
            "the search for whole numbers used up its counted work and found no portfolio",
            measured={"status": "work_limit"},
            suggestions=["loosen max_positions"],
        ),
        "Neither yes nor no: the suggestions were not tried. Loosen the limits that count, or leave one out.",
    ),
    Example(e.TooMany(7.4, 4), "More is asked than can be answered in time. Ask again after Retry-After seconds."),
    Example(
        NoExcessReturn(-0.012),
        "A Sharpe ratio wants more than the risk-free rate. Where nothing has it, ask for least risk, or lower the rate.",
    ),
    Example(
        RisklessExcess(0.01),
        "What has no risk earns more than the risk-free rate, so the ratio grows without end: make the two rates one.",
    ),
    Example(
        NotRoundable(("cash", "max_weight"), "a share of BKNG is worth 3.1 % of the portfolio", measured={"assets": ["BKNG"]}),
        "The weights exist, whole shares that keep the limits do not: allow fractions, or leave the limits more room.",
        REBALANCE,
    ),
    Example(
        e.PortoptError("an error inside this service", fixes=[f"report it with the request id {'req-0f2c…'}"]),
        "This is a fault of ours. The log has it under the request id.",
    ),
    Example(
        e.CertificateRefused("worst violation 3.1e-05 over the tolerance of 1e-09"),
        "The audit shares nothing with the solver and would not sign. Nothing leaves without a certificate: report it.",
    ),
    Example(e.OptimizerStopped("unbounded"), "Bound what can grow without end, or report the request where nothing can."),
    Example(
        e.OutsideError("the market-data service does not answer: timed out after 10 s", field="provider", value="http"),
        "Something outside failed. Asking again is right: nothing was half done.",
        REBALANCE,
    ),
    Example(
        e.Unavailable("the processes that worked on this ended without an answer", fixes=["ask again"]),
        "A part of the service is not there at the moment; /readyz says which. Ask again after Retry-After seconds.",
    ),
    Example(
        e.DeadlineExceeded(2.0, "solving"), "Give more time (X-Request-Timeout), or ask for less; no answer was disproved."
    ),
)

EXAMPLES = {example.error.code: example for example in ALL}
