"""The one document of a finished rebalance. Command line, page, exports, store and events all read this and nothing else.

The same request on the same pricing pack gives the same bytes: no wall clock, no timings, no paths. Money is a decimal
string with cents, every other number a float in natural units (fractions, annual); a number that cannot be said is null.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from portopt.analysis import Attempts
from portopt.analysis.errors import FigureErrors, figure_errors
from portopt.document import decision, evidence, inputs, prices, settlement
from portopt.document.definitions import definitions
from portopt.document.groups import groups, scores
from portopt.document.taxes import taxes
from portopt.document.words import bare_verdict, verdict
from portopt.domain.canonical import plain
from portopt.domain.errors import CertificateRefused
from portopt.domain.outcome import RebalanceOutcome
from portopt.domain.problem import describe_term
from portopt.verifier import certificate_of_orders, seals

SCHEMA_VERSION = "1.0"


def rebalance_document(outcome: RebalanceOutcome) -> dict[str, Any]:
    """Every number of one rebalance, JSON-able, deterministic. Key order is reading order.

    A section that cannot be made is empty, and `left_out` says why; what is proposed, certified and asked for is always there.
    """
    plan, problem, said = outcome.plan, outcome.problem, Attempts(list(outcome.explanation.left_out))
    proposal = decision.proposal(outcome)
    errors = said.attempt("the errors of the figures", lambda: _errors(outcome))
    left_out = len(plan.lines) - len(proposal)
    document = {
        "schema_version": SCHEMA_VERSION,
        "kind": "rebalance",
        "run_id": outcome.run_id,
        "portfolio_id": plan.portfolio_id,
        "as_of": outcome.snapshot.as_of.isoformat(),
        "currency": plan.currency,
        "target_type": outcome.request.target_type,
        **decision.money_moved(outcome.request),
        "verdict": None,
        "headline": decision.headline(plan),
        "figures": decision.figures(plan.before, plan.after, errors),
        "errors": decision.errors_document(errors),
        "trades": decision.trades(outcome),
        **settlement.settlement_document(outcome),
        "proposal": proposal,
        **({"candidates_left_out": left_out} if left_out else {}),
        **({"taxes": found} if (found := taxes(plan)) is not None else {}),
        "groups": said.attempt("sectors and asset classes", lambda: groups(outcome)) or {},
        "scores": said.attempt("the scores of the portfolios", lambda: scores(outcome)) or [],
        "limits": evidence.limits(outcome, said),
        "limit_prices": said.attempt("the prices of limits", lambda: prices.limit_prices(outcome.explanation.prices, problem))
        or [],
        "risk": evidence.risk(outcome.explanation.contributions),
        "risk_measures": said.attempt("the risk in every measure", lambda: evidence.risk_measures(outcome)) or [],
        "risk_aversion": outcome.explanation.gamma,
        "frontier": said.attempt("the efficient frontier", lambda: evidence.frontier(outcome)),
        "relaxations": evidence.relaxations(outcome),
        "diagnosis": evidence.diagnosis(outcome.diagnosis),
        "rounding": _rounding(outcome),
        "certificate": evidence.certificate(outcome),
        "policy": plain(outcome.request.policy),
        "objective": evidence.objective(problem, outcome.validated.weights),
        "costs": [{**describe_term(term), "description": term.describe()} for term in problem.costs],
        "estimators": said.attempt("how the beliefs were estimated", lambda: inputs.estimators(outcome)) or [],
        "pricing_pack": evidence.pricing_pack(outcome.snapshot),
        "data_quality": evidence.data_quality(outcome.snapshot),
        "inputs": inputs.inputs(outcome),
        "evidence": evidence.to_check(outcome),
        "notes": [*problem.notes, *settlement.notes(outcome)],
        "definitions": definitions(),
        "left_out": [],
    }
    tidy = dict(_tidied(document))
    tidy["certificate"]["orders"] = _certified_orders(tidy)
    tidy["verdict"] = said.attempt("the verdict in words", lambda: verdict(tidy)) or bare_verdict(tidy)
    tidy["left_out"] = [{**plain(left), "sentence": left.sentence} for left in said.left_out]
    tidy["evidence"]["seals"] = seals(tidy, ("evidence", "seals"))
    return tidy


def _errors(outcome: RebalanceOutcome) -> FigureErrors | None:
    """Of the figures of the book before and of the whole-share book."""
    problem, plan = outcome.problem, outcome.plan
    after = decision.weights_of(plan, problem.universe, "weight_after")
    return figure_errors(problem, problem.previous(), after, outcome.request.policy.estimation)


def _certified_orders(document: dict[str, Any]) -> dict[str, Any]:
    """The certificate of the orders, which the verifier makes of the document alone.

    Raises CertificateRefused where it finds a limit missed that was read as kept: one of the two is wrong.
    """
    found = certificate_of_orders(document)
    told = {limit["limit"]: limit for limit in document["limits"]}
    wrong = [missed for missed in found["missed"] if told[missed["limit"]]["holds"]]
    if wrong:
        names = ", ".join(f"{missed['limit']} by {missed['by']:.2e}" for missed in wrong)
        raise CertificateRefused(f"the orders were read as keeping every limit, and worked out exactly they miss {names}")
    return found


def _rounding(outcome: RebalanceOutcome) -> dict[str, Any]:
    plan, rules = outcome.plan, outcome.request.policy.trading
    return {
        "method": plan.rounding,
        "gap": plan.rounding_gap,
        "mip_gap": plan.mip_gap,
        "notes": list(plan.notes),
        "fractional": rules.fractional,
        "lot_size": rules.lot_size,
        "min_trade_value": str(rules.min_trade_value),
    }


def _tidied(value: Any) -> Any:
    """`plain`, and minus zero has no place among figures: a zero is a zero, and has one spelling."""
    kind = type(value)  # exact: a document is made of hundreds of thousands of these
    if kind is str or value is None or kind is bool or kind is int:
        return value
    if kind is float:
        return value + 0.0 if isfinite(value) else None
    if kind is dict:
        return {
            key if type(key) is str else str(key): item if type(item) is str else _tidied(item) for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [_tidied(item) for item in value]
    rare = plain(value)
    return _tidied(rare) if type(rare) in (float, dict, list) else rare
