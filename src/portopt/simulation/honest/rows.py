"""The table of 32: what happened where, and who asks it of ours. Source of each: the issue or change that is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from portopt.simulation.honest import book, figures, happenings, looking_ahead, validation
from portopt.simulation.honest.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """happened_in: the product and the report of it. fault: what went wrong there. holds: what must hold."""

    number: int
    happened_in: str
    fault: str
    holds: str
    ask: Callable[[], Outcome]


def asked(wanted: frozenset[int] = frozenset()) -> Iterator[tuple[Row, Outcome]]:
    """Every row, or those wanted, with what came of it; a row that cannot be carried out has failed."""
    for row in ROWS:
        if not wanted or row.number in wanted:
            try:
                yield row, row.ask()
            except Exception as error:
                yield row, Outcome("fail", f"{type(error).__name__}: {error}")


ROWS: tuple[Row, ...] = (
    Row(1, "bt #8", "signal and fill on the same close", "a decision trades `delay` sessions later; 0 must be asked for",
        looking_ahead.fill_is_later_than_decision),
    Row(2, "freqtrade #5388", "a cache cut after computing leaked a bar", "data up to t and all data decide the same up to t",
        looking_ahead.cut_data_decides_the_same),
    Row(3, "freqtrade #11346", "a leak that its look-ahead check missed", "twenty planted kinds of leak are caught",
        looking_ahead.planted_leaks_are_caught),
    Row(4, "freqtrade #13547", "false alarm", "50 clean strategies, no alarm", looking_ahead.clean_strategies_raise_no_alarm),
    Row(5, "gs-quant PR #362", "a gap filled from the future", "a gap is worth what was before it; the source is unmodified",
        looking_ahead.gap_is_valued_at_what_was_before),
    Row(6, "qlib PR #2301", "a missing price replaced in silence", "no price: not filled, counted, listed",
        looking_ahead.no_price_no_fill),
    Row(7, "qlib PR #2301", "a scaler fitted on the whole period", "what is fitted past the day is refused with the date",
        looking_ahead.what_is_fitted_past_the_day_is_refused),
    Row(8, "qlib PR #2301", "an assertion that could not fail", "every accounting check kills its mutant",
        book.every_check_kills_its_mutant),
    Row(9, "skfolio #269", "purging shortened the test window", "purged rows leave training only; tests tile the sample",
        validation.purging_leaves_the_tests_whole),
    Row(10, "mlfinlab #295", "purged from the label's end", "no training label meets a test label",
        validation.no_training_label_meets_a_test),
    Row(11, "timeseriescv PR #8", "embargo indexed wrongly", "fold indices are those by hand",
        validation.fold_indices_are_those_by_hand),
    Row(12, "skfolio #161, OptimalPortfolios", "turnover against the last targets, not the book",
        "executed turnover never passes the budget", book.turnover_is_from_what_is_held),
    Row(13, "PortfolioOptimisers.jl #1004", "frontier walk dropped the previous weights",
        "the turnover limit holds on every point of every fold", validation.frontier_keeps_the_turnover_limit),
    Row(14, "PortfolioOptimisers.jl #1021", "one failed fold poisoned the next",
        "the next starts from the book that was held, and says so", validation.one_failure_leaves_the_next_as_it_is),
    Row(15, "vectorbt #82, bt #131, #215, #247", "targets of 100 % plus fees rejected; order of columns mattered",
        "5 x 20 % at 15 bp within a share, cash not below zero", book.full_targets_and_fees_fit_whatever_the_columns),
    Row(16, "backtesting.py #328", "a sale refused for lack of cash", "a pure sale is never refused",
        book.pure_sale_is_never_refused),
    Row(17, "zipline-reloaded #332", "a reverse split gave nothing", "whole shares, cash in lieu, equity the same to the cent",
        happenings.reverse_split_pays_the_part_in_cash),
    Row(18, "LEAN #5765", "a 7-for-1 split gave 699", "ratios are fractions of integers: 700",
        happenings.ratios_are_fractions_of_integers),
    Row(19, "LEAN #7894", "a short through a split: negative equity", "long and short mirror each other in every action",
        happenings.short_mirrors_long),
    Row(20, "LEAN #5325, PR #7985", "trades ignored splits; value jumped", "profits add up to the change of equity; no jump",
        happenings.profits_add_up_through_a_split),
    Row(21, "zipline #2493", "dividend never reached cash", "cash on the pay date; total return = adjusted-price return",
        happenings.dividend_reaches_cash_on_its_pay_date),
    Row(22, "sharadar_db_bundle #25", "dividend larger than the price", "quarantined with both readings",
        happenings.dividend_above_the_price_is_quarantined),
    Row(23, "bt #63, cvxportfolio PR #114", "a delisted asset took its value along", "no value is lost, position gone, listed",
        happenings.delisting_leaves_value_and_says_so),
    Row(24, "ziplime PR #21", "closed positions rewrote history", "earlier rows are the same before and after later trades",
        book.closed_positions_rewrite_nothing),
    Row(25, "nautilus #725, #657", "commissions twice", "fees in the ledger = in the report = recomputed",
        book.fees_are_charged_once),
    Row(26, "nautilus #2664", "closed before opened", "time increases; every id opens before it closes",
        book.time_increases_and_ids_open_before_they_close),
    Row(27, "zipline-reloaded #313", "a partly filled order refilled in full", "fills never exceed the order; the rest expires",
        book.partly_filled_orders_are_never_overfilled),
    Row(28, "GinkGO #5497", "slippage above the price", "price above zero; the cost is capped and named",
        book.cost_is_capped_and_named),
    Row(29, "zipline #1832", "benchmark one day off", "holding the benchmark: active return 0 every day",
        figures.holding_the_benchmark_is_no_activity),
    Row(30, "QuantStats #180, #233", "figures changed with a benchmark; recovered under water",
        "every figure equal with and without; open falls say open", figures.figures_do_not_depend_on_a_benchmark),
    Row(31, "FinRL_Crypto #6", "an overfitting probability its code could not give",
        "PBO and deflated Sharpe of noise near one half; a second implementation agrees",
        validation.overfitting_of_noise_is_a_coin),
    Row(32, "a calendar at midnight, bars at 16:00", "returned 0 % for ever", "a backtest without a trade ends with a warning",
        figures.no_trade_is_a_warning),
)  # fmt: skip
