"""What a table of prices shows that is no fault of a cell: a jump of its calendar, two closes that disagree today."""

from __future__ import annotations

import polars as pl

from portopt.tables.account import Account, counted, in_words

JUMP = 31  # days; the longest that exchanges have closed since 1945 was a week or two
USUAL = 12  # times the usual step: a month without a price among quarters is none
APART = 0.005  # a close and an adjusted one: nearer is rounding
SHOWN = 3


def note_jump(days: pl.Series, said: Account) -> None:
    """Notes the widest stretch without any price, where it is far wider than the steps between the others.

    One date of another year in the last row makes a portfolio of that year: nothing else would say so.
    """
    known = days.drop_nulls().unique().sort()
    if len(known) < 5:
        return
    steps = known.diff().dt.total_days().drop_nulls()
    usual, widest = float(steps.median() or 1), int(steps.max() or 0)  # type: ignore[arg-type]  # days are whole numbers
    if widest <= max(JUMP, USUAL * usual):
        return
    at = int(steps.arg_max() or 0)
    said.note(f"no price of any asset from {known[at]} to {known[at + 1]} ({counted(widest, 'day')}), and one every "
              f"{counted(int(usual), 'day')} otherwise: a slip of a key?")  # fmt: skip


def note_unadjusted(long: pl.DataFrame, said: Account) -> None:
    """Notes assets whose newest adjusted close (close) is not their close (raw): holdings are valued at the first.

    long: asset_id, date, close, raw; a row a price.
    """
    newest = long.filter(pl.col("raw") > 0).sort("date").group_by("asset_id", maintain_order=True).last()
    apart = newest.filter((pl.col("close") / pl.col("raw") - 1).abs() > APART).sort("asset_id")
    if apart.height:
        named = [f"{name} at {close:g} and not {raw:g}" for name, _, close, raw in apart.iter_rows()]
        said.note(f"holdings are valued at its newest adjusted closes, which are not its closes: {in_words(named, SHOWN)}; "
                  "prices that end at the newest dividend or split agree")  # fmt: skip


def note_returns(long: pl.DataFrame, said: Account) -> None:
    """Notes prices that all stay around 1 and are back there at once: gross returns (1 + r) look like that, and prices do not.

    A price remembers: its steps vary less than it does. Of values that forget, steps vary twice as much.
    """
    if not 0.5 < float(long["close"].min() or 0.0) <= float(long["close"].max() or 0.0) < 2.0:  # type: ignore[arg-type]  # numbers
        return
    level, step = pl.col("close"), pl.col("close").diff()
    by_asset = long.sort("date").group_by("asset_id").agg(n=pl.len(), mean=level.mean(), level=level.var(), step=step.var())
    forgets = (pl.col("n") >= 20) & ((pl.col("mean") - 1.0).abs() < 0.05) & (pl.col("step") > pl.col("level"))
    if by_asset.select(forgets.fill_null(False).all()).item():
        said.note(
            "its prices all stay around 1 and go back there at once: are they returns (1 + r)? Holdings are valued at them"
        )
