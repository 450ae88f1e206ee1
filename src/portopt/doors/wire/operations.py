"""The catalog of what the service answers: one line an operation, for REST and gRPC alike.

An operation that works (`works`) is answered by a warm process; one that only reads or writes the store, in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from portopt.doors.wire.asked import Answers
from portopt.doors.wire.call import JSON

ANSWERS = "portopt.doors.wire.answers"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = ("application/vnd.apache.parquet", "application/x-parquet", "application/parquet")
ARROW = ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file")
TABLES = ("text/csv", "text/tab-separated-values", "text/plain", XLSX, *PARQUET)
BYTES = "application/octet-stream"  # known by its first ones


@dataclass(frozen=True, slots=True)
class Operation:
    """name: also of the operation in OpenAPI. path: under /api/v1. answer: `module:function` under `answers/`.

    question: the file of questions/ that it asks, where it asks one. keyed: whether an Idempotency-Key counts.
    takes, gives: content types of the body that is read and of the answer, the usual one first.
    watched: whether it says how far something is; a reply with Retry-After is then not the last, and path/events streams it.
    """

    name: str
    method: str
    path: str
    scope: str
    answer: str
    about: str
    question: str | None = None
    works: bool = False
    keyed: bool = False
    takes: tuple[str, ...] = (JSON,)
    gives: tuple[str, ...] = (JSON,)
    watched: bool = False

    def function(self) -> Answers:
        module, _, name = self.answer.partition(":")
        found: Answers = getattr(import_module(f"{ANSWERS}.{module}"), name)
        return found


def _by_name(operations: Iterable[Operation]) -> dict[str, Operation]:
    return {operation.name: operation for operation in operations}


OPERATIONS: Final = _by_name(
    (
        # S1
        Operation("optimize", "POST", "/optimize", "ask", "strategies:optimize",
                  "Certified weights for a request that brings its own beliefs.", "weights", works=True, keyed=True),
        Operation("optimize_batch", "POST", "/optimize/batch", "ask", "strategies:optimize_batch",
                  "An answer or a problem for each of many such requests, in their order.", "weights", works=True, keyed=True),
        Operation("latest_optimization", "GET", "/optimization/{portfolio_id}/latest", "read", "strategies:latest",
                  "The newest optimization of a portfolio, of either kind."),
        # S2
        Operation("create_optimization", "POST", "/optimizations", "propose", "optimizations:create",
                  "An optimization of a portfolio, worked out later.", "rebalance", keyed=True),
        Operation("get_optimization", "GET", "/optimizations/{optimization_id}", "read", "optimizations:get",
                  "How far an optimization or a rebalance is, and its proposal.", watched=True),
        Operation("list_optimizations", "GET", "/optimizations", "read", "optimizations:listed",
                  "Optimizations and rebalances that were asked for, the newest first."),
        Operation("cancel_optimization", "POST", "/optimizations/{optimization_id}/cancel", "propose", "optimizations:cancel",
                  "End one that is not wanted.", keyed=True),
        Operation("rebalance", "POST", "/portfolios/{portfolio_id}/rebalance", "propose", "optimizations:rebalance",
                  "What to trade, at once; later with Prefer: respond-async.", "rebalance", works=True, keyed=True),
        Operation("get_efficient_frontier", "GET", "/portfolios/{portfolio_id}/efficient-frontier", "propose",
                  "books:get_frontier", "The efficient frontier of a portfolio under its policy.", "frontier", works=True),
        Operation("efficient_frontier", "POST", "/portfolios/{portfolio_id}/efficient-frontier", "propose",
                  "books:post_frontier", "The same under limits of the request's own.", "frontier", works=True),
        Operation("get_factor_exposures", "GET", "/portfolios/{portfolio_id}/factor-exposures", "propose",
                  "books:get_factors", "What a portfolio is exposed to, by factor.", "factors", works=True),
        Operation("factor_exposures", "POST", "/portfolios/{portfolio_id}/factor-exposures", "propose",
                  "books:post_factors", "The same for the factors that a body names.", "factors", works=True),
        Operation("get_forecasts", "GET", "/portfolios/{portfolio_id}/forecasts", "propose", "books:get_forecasts",
                  "Which estimators were right on the prices of a portfolio.", "forecasts", works=True),
        Operation("portfolio_risk", "POST", "/portfolios/{portfolio_id}/risk", "propose", "books:risk",
                  "Every risk measure of a portfolio as it is, of the optimal one and of the benchmark.", "risk", works=True),
        Operation("portfolio_pareto", "POST", "/portfolios/{portfolio_id}/pareto", "propose", "books:pareto",
                  "The best compromises between several aims, and where a portfolio stands among them.",
                  "compromises", works=True),
        Operation("portfolio_sensitivity", "POST", "/portfolios/{portfolio_id}/sensitivity", "propose", "books:sensitivity",
                  "How the optimal weights of a portfolio move with its policy.", "sensitivity", works=True),
        Operation("portfolio_views", "POST", "/portfolios/{portfolio_id}/views", "propose", "books:views",
                  "What the views of a portfolio's policy did to the beliefs.", "views", works=True),
        # around a proposal
        Operation("alternatives", "POST", "/portfolios/{portfolio_id}/alternatives", "propose", "choices:alternatives",
                  "The choices there are, doing nothing first, certified, compared and priced; or the proposal of one.",
                  "alternatives", works=True, keyed=True),
        Operation("ready", "GET", "/portfolios/{portfolio_id}/ready", "propose", "choices:ready",
                  "Whether a portfolio may be rebalanced on a day: yes, no, or yes, but, with every reason.",
                  "ready", works=True),
        Operation("edit", "POST", "/runs/{run_id}/edit", "propose", "choices:edit",
                  "A proposal solved again around trades that somebody decided, and the price of that.",
                  "edit", works=True, keyed=True),
        Operation("what_if", "POST", "/runs/{run_id}/what-if", "propose", "choices:what_if",
                  "A limit or the risk aversion moved: by the derivatives, and solved again beside what stands.",
                  "what_if", works=True, keyed=True),
        Operation("list_choices", "GET", "/portfolios/{portfolio_id}/choices", "read", "chosen:of_portfolio",
                  "Alternatives, edits and what-ifs of a portfolio, the newest first, and whether they stand."),
        Operation("list_run_choices", "GET", "/runs/{run_id}/choices", "read", "chosen:of_run",
                  "Those that were asked around one proposal, the newest first."),
        Operation("get_choice", "GET", "/choices/{choice_id}", "read", "chosen:get",
                  "One of them, in the bytes it was answered in."),
        Operation("get_choice_standing", "GET", "/choices/{choice_id}/standing", "read", "chosen:standing",
                  "What one rests on, whether that is the newest, and what became of it."),
        Operation("propose_choice", "POST", "/choices/{choice_id}/proposal", "propose", "chosen:propose",
                  "The proposal of one, in whole shares; that it was chosen is put on record.", works=True, keyed=True),
        Operation("save_choice", "POST", "/choices/{choice_id}/saved", "propose", "chosen:save",
                  "Keep one under a name.", keyed=True),
        Operation("list_saved_choices", "GET", "/portfolios/{portfolio_id}/saved-choices", "read", "chosen:saved_of",
                  "What is kept of a portfolio's choices, the newest first."),
        Operation("get_saved_choice", "GET", "/saved-choices/{saved_id}", "read", "chosen:get_saved", "One of these."),
        Operation("rename_saved_choice", "PUT", "/saved-choices/{saved_id}", "propose", "chosen:rename",
                  "Another name, or another note.", keyed=True),
        Operation("withdraw_saved_choice", "POST", "/saved-choices/{saved_id}/withdrawal", "propose", "chosen:withdraw",
                  "Not kept any more; the record of decisions keeps that it was.", keyed=True),
        Operation("get_derivatives", "GET", "/runs/{run_id}/derivatives", "propose", "drill_down:derivatives",
                  "Where the weights go with what binds, and how far: enough to move it without asking.", "derivatives",
                  works=True),
        Operation("get_trade", "GET", "/runs/{run_id}/trades/{asset_id}", "propose", "drill_down:trade",
                  "What stands behind one trade, and what is lost without it.", "drill_down", works=True),
        Operation("get_limit", "GET", "/runs/{run_id}/limits/{name}", "propose", "drill_down:limit",
                  "What stands behind one limit: its price, how far that holds, what moves with it.", "drill_down", works=True),
        # through time
        Operation("create_backtest", "POST", "/backtests", "propose", "through_time:create_backtest",
                  "A policy on the prices of the past, worked out later.", "backtest", keyed=True),
        Operation("get_backtest", "GET", "/backtests/{backtest_id}", "read", "through_time:get_backtest",
                  "How far a backtest is, and what came out.", watched=True),
        Operation("get_backtest_report", "GET", "/backtests/{backtest_id}/report", "read", "through_time:backtest_report",
                  "Its page.", works=True, gives=("text/html",)),
        Operation("list_backtests", "GET", "/backtests", "read", "through_time:list_backtests",
                  "Backtests that were asked for, the newest first."),
        Operation("cancel_backtest", "POST", "/backtests/{backtest_id}/cancel", "propose", "through_time:cancel_backtest",
                  "End one that is not wanted.", keyed=True),
        Operation("create_walk_forward", "POST", "/walk-forwards", "propose", "through_time:create_walk_forward",
                  "Variants of a policy chosen in training windows and judged in the windows after them, worked out later.",
                  "walk_forward", keyed=True),
        Operation("get_walk_forward", "GET", "/walk-forwards/{walk_forward_id}", "read", "through_time:get_walk_forward",
                  "How far a walk-forward is, and what came out.", watched=True),
        Operation("get_walk_forward_report", "GET", "/walk-forwards/{walk_forward_id}/report", "read",
                  "through_time:walk_forward_report", "Its page.", works=True, gives=("text/html",)),
        Operation("list_walk_forwards", "GET", "/walk-forwards", "read", "through_time:list_walk_forwards",
                  "Walk-forwards that were asked for, the newest first."),
        Operation("cancel_walk_forward", "POST", "/walk-forwards/{walk_forward_id}/cancel", "propose",
                  "through_time:cancel_walk_forward", "End one that is not wanted.", keyed=True),
        Operation("create_comparison", "POST", "/comparisons", "propose", "through_time:create_comparison",
                  "Policies side by side on one history, or the points of one's frontier, worked out later.",
                  "comparison", keyed=True),
        Operation("get_comparison", "GET", "/comparisons/{comparison_id}", "read", "through_time:get_comparison",
                  "How far a comparison is, and what came out.", watched=True),
        Operation("get_comparison_report", "GET", "/comparisons/{comparison_id}/report", "read",
                  "through_time:comparison_report", "Its page.", works=True, gives=("text/html",)),
        Operation("list_comparisons", "GET", "/comparisons", "read", "through_time:list_comparisons",
                  "Comparisons that were asked for, the newest first."),
        Operation("cancel_comparison", "POST", "/comparisons/{comparison_id}/cancel", "propose",
                  "through_time:cancel_comparison", "End one that is not wanted.", keyed=True),
        # many portfolios together
        Operation("desk", "GET", "/desk", "read", "desk:desk",
                  "Every portfolio in a line, and why somebody should look at it."),
        Operation("create_wave", "POST", "/waves", "propose", "waves:create",
                  "Proposals for many portfolios from one cause, worked out later.", "wave", keyed=True),
        Operation("preview_wave", "POST", "/waves/preview", "propose", "waves:preview",
                  "Which portfolios a wave would have, and what stands in the way of each: nothing is put on record."),
        Operation("list_waves", "GET", "/waves", "read", "waves:listed", "Waves, the newest first."),
        Operation("get_wave", "GET", "/waves/{wave_id}", "read", "waves:get",
                  "How far a wave is: items by state, deadlines missed, causes of refusals.", watched=True),
        Operation("list_wave_items", "GET", "/waves/{wave_id}/items", "read", "waves:items",
                  "What became of each portfolio of a wave, with why there is no proposal."),
        Operation("list_wave_trades", "GET", "/waves/{wave_id}/trades", "read", "waves:trades",
                  "What its proposals trade together, by asset, and what crosses between portfolios."),
        Operation("decide_wave", "POST", "/waves/{wave_id}/approval", "approve", "waves:decide",
                  "One decision about its proposals, but for exceptions.", keyed=True),
        Operation("cancel_wave", "POST", "/waves/{wave_id}/cancel", "propose", "waves:cancel",
                  "What is not ended of it is not worked out.", keyed=True),
        # portfolios
        Operation("list_portfolios", "GET", "/portfolios", "read", "portfolios:listed", "Portfolios, by id."),
        Operation("put_portfolio", "PUT", "/portfolios/{portfolio_id}", "import", "portfolios:put",
                  "What is said of a portfolio: name, policy, provider, universe, benchmark.", keyed=True),
        Operation("get_portfolio", "GET", "/portfolios/{portfolio_id}", "read", "portfolios:get", "The same, as it stands."),
        Operation("put_holdings", "PUT", "/portfolios/{portfolio_id}/holdings", "import", "portfolios:put_holdings",
                  "What a portfolio holds now: JSON, CSV, TSV, XLSX or Parquet.", works=True, keyed=True,
                  takes=(JSON, *TABLES, BYTES)),
        Operation("get_holdings", "GET", "/portfolios/{portfolio_id}/holdings", "read", "portfolios:get_holdings",
                  "What a portfolio holds."),
        Operation("list_holdings_versions", "GET", "/portfolios/{portfolio_id}/holdings/versions", "read",
                  "portfolios:holdings_versions", "What it has held, the newest first."),
        Operation("get_ledger", "GET", "/portfolios/{portfolio_id}/ledger", "read", "decisions:ledger",
                  "The record of what was decided about a portfolio."),
        Operation("verify_ledger", "GET", "/portfolios/{portfolio_id}/ledger/verification", "read", "decisions:verification",
                  "Whether every entry of that record is what was written."),
        # data and beliefs
        Operation("create_pack", "POST", "/packs", "import", "packs:keep",
                  "Prices as CSV, XLSX, Parquet, Arrow or JSON, kept as a pricing pack.", works=True, keyed=True,
                  takes=("text/csv", JSON, *TABLES[1:], *ARROW, BYTES)),
        Operation("list_packs", "GET", "/packs", "read", "packs:listed", "Pricing packs, by id."),
        Operation("get_pack", "GET", "/packs/{pricing_pack_id}", "read", "packs:get", "What a pack is, without its prices."),
        Operation("compare_packs", "GET", "/packs/{pricing_pack_id}/difference/{other}", "read", "packs:compare",
                  "What changed in the data from one pack to another."),
        Operation("create_beliefs", "POST", "/beliefs", "import", "beliefs:keep",
                  "Expected returns, a covariance or returns, as JSON, Arrow or npz, kept under their content's id.",
                  works=True, keyed=True, takes=(JSON, *ARROW, "application/x-npz", BYTES)),
        Operation("get_beliefs", "GET", "/beliefs/{beliefs_id}", "read", "beliefs:get", "What beliefs hold."),
        # policies
        Operation("list_policies", "GET", "/policies", "read", "policies:listed", "Policies, by id.", "policies"),
        Operation("get_policy", "GET", "/policies/{policy_id}", "read", "policies:get", "One in full.", "policies"),
        Operation("put_policy", "PUT", "/policies/{policy_id}", "import", "policies:put",
                  "A new policy, or a new version of one.", "policies", keyed=True),
        Operation("list_policy_versions", "GET", "/policies/{policy_id}/versions", "read", "policies:versions",
                  "Every version of one, in words, with what it changed.", "policies"),
        Operation("policy_preview", "POST", "/policies/{policy_id}/preview", "propose", "policies:preview",
                  "A changed policy checked, and what it would have made of the last proposals.", "policy_preview", works=True),
        # what they may say
        Operation("list_terms", "GET", "/terms/{catalog}", "read", "catalog:listed",
                  "Every objective, limit, cost or risk measure, with its unit and an example.", "catalog"),
        Operation("get_term", "GET", "/terms/{catalog}/{name}", "read", "catalog:get", "All of one.", "catalog"),
        # questions about a request that brings its own beliefs
        Operation("frontier", "POST", "/frontier", "ask", "inquiries:frontier",
                  "The efficient frontier under the request's limits.", "frontier", works=True, keyed=True),
        Operation("risk", "POST", "/risk", "ask", "inquiries:risk",
                  "Every risk measure of the optimal, current and benchmark books.", "risk", works=True, keyed=True),
        Operation("factors", "POST", "/factors", "ask", "inquiries:factors",
                  "What a book is exposed to, by factor.", "factors", works=True, keyed=True),
        Operation("views", "POST", "/views", "ask", "inquiries:views",
                  "What views did to the beliefs.", "views", works=True, keyed=True),
        Operation("sensitivity", "POST", "/sensitivity", "ask", "inquiries:sensitivity",
                  "How the weights move with the question.", "sensitivity", works=True, keyed=True),
        Operation("periods", "POST", "/periods", "ask", "inquiries:periods",
                  "A plan over several periods.", "periods", works=True, keyed=True),
        Operation("pareto", "POST", "/pareto", "ask", "inquiries:pareto",
                  "The best compromises between several aims.", "compromises", works=True, keyed=True),
        Operation("lexicographic", "POST", "/lexicographic", "ask", "inquiries:lexicographic",
                  "Several aims in strict order.", "compromises", works=True, keyed=True),
        Operation("forecasts", "POST", "/forecasts", "ask", "inquiries:forecasts",
                  "Which estimators were right on the request's returns.", "forecasts", works=True, keyed=True),
        # runs
        Operation("list_runs", "GET", "/runs", "read", "runs:listed", "What was done, the newest first."),
        Operation("get_run", "GET", "/runs/{run_id}", "read", "runs:get", "One of them.", watched=True),
        Operation("get_document", "GET", "/runs/{run_id}/document", "read", "runs:document", "Its answer, whole."),
        Operation("get_report", "GET", "/runs/{run_id}/report", "read", "runs:report", "Its page.", works=True,
                  gives=("text/html",)),
        Operation("explain_run", "GET", "/runs/{run_id}/explain", "read", "runs:explain", "Why each trade."),
        Operation("ask_run", "POST", "/runs/{run_id}/questions/{question}", "propose", "inquiries:of_run",
                  "Any question about a request, asked of what a run was asked, on its own prices.", works=True, keyed=True),
        Operation("replay_run", "POST", "/runs/{run_id}/replay", "read", "runs:replay",
                  "Work it out again and compare.", works=True),
        Operation("compare_runs", "GET", "/runs/{run_id}/difference/{other}", "read", "runs:compare",
                  "What changed in data and decision from one run to another."),
        Operation("get_afterwards", "GET", "/runs/{run_id}/afterwards", "read", "afterwards:of_run",
                  "What a released proposal expected, beside what came.", works=True),
        Operation("list_afterwards", "GET", "/portfolios/{portfolio_id}/afterwards", "read", "afterwards:of_portfolio",
                  "The same of a portfolio's proposals of the past year, the newest first.", works=True),
        Operation("decide", "POST", "/runs/{run_id}/approval", "approve", "decisions:approval",
                  "Approve, hold or reject a proposal, or want it changed.", keyed=True),
        Operation("list_approvals", "GET", "/approvals", "read", "decisions:waiting",
                  "What waits for a person, the newest first."),
        Operation("list_decisions", "GET", "/runs/{run_id}/decisions", "read", "decisions:of_run",
                  "What was decided about a proposal, and whether that record is what was written."),
        Operation("get_bundle", "GET", "/runs/{run_id}/bundle", "admin", "runs:bundle",
                  "A run as an archive that is replayed elsewhere.", works=True,
                  gives=("application/zip",)),
        # the watch
        Operation("list_alerts", "GET", "/alerts", "read", "alerts:listed", "Alerts, the newest first."),
        Operation("get_alert", "GET", "/alerts/{alert_id}", "read", "alerts:get", "One of them, with its figures."),
        Operation("acknowledge_alert", "POST", "/alerts/{alert_id}/acknowledgement", "watch", "alerts:acknowledge",
                  "Somebody looks after it.", keyed=True),
        Operation("close_alert", "POST", "/alerts/{alert_id}/closing", "watch", "alerts:close",
                  "What it is about is gone for good.", keyed=True),
        Operation("list_silences", "GET", "/silences", "read", "alerts:silences", "Who is not told of what, until when."),
        Operation("create_silence", "POST", "/silences", "watch", "alerts:silence",
                  "Nobody is told of what matches, for a while.", keyed=True),
        Operation("end_silence", "POST", "/silences/{silence_id}/end", "watch", "alerts:end_silence",
                  "It ends now instead of later.", keyed=True),
        Operation("list_figures", "GET", "/figures", "read", "alerts:figures", "What was measured, newest or through time."),
        Operation("lookup", "GET", "/lookup", "read", "lookup:lookup",
                  "What was asked, by idempotency key, request hash, pricing pack or correlation id."),
    )
)  # fmt: skip
