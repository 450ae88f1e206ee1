"""The days that assets of different calendars have in common, and how many of them make a year.

A coin trades on Saturdays, another exchange keeps other holidays, a fund is priced once a month. One asset's habit must not
change what is believed of another: a holiday of most is no day of the common calendar, nor is a Saturday or Sunday that some
asset does not keep. What an asset did on such a day is in its return to the next common one: nothing is lost,
because returns are taken between an asset's own prices.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Indices, Mask

Days = npt.NDArray[np.datetime64]

SATURDAY, SUNDAY = 5, 6
# Rhythms by the days from one price to the next, as far as the name is usual, and what a year of each is counted as.
RHYTHMS = ((5.5, 9.0, 52.0), (13.0, 16.0, 26.0), (26.0, 33.0, 12.0), (85.0, 95.0, 4.0), (355.0, 375.0, 1.0))
TRADING_DAYS = 252.0
MOST_HOLIDAYS = 0.1  # of the days: two exchanges together skip about one in twelve


def common_days(dates: Days, known: Mask) -> Mask:
    """(T,) which dates are days of the common calendar.

    dates: (T,) increasing. known: (T, n) where an asset has a price. A Saturday or Sunday counts where every asset keeps such
    days; what trades on them beside others has no say in the rest. Any other day counts where at least half of the assets
    alive (between their first and their last price) have a price. Days that most skip are holidays; where there are more
    than holidays, prices are missing, and the days count.
    """
    everywhere = np.ones(len(dates), dtype=bool)
    if known.all():
        return everywhere
    alive = _alive(known)
    common, round_the_clock = everywhere.copy(), np.zeros(known.shape[1], dtype=bool)
    weekday = _weekday(dates)
    for day in (SATURDAY, SUNDAY):
        rows = weekday == day
        kept, lived = known[rows].sum(axis=0), alive[rows].sum(axis=0)
        if (2 * kept < lived).any():
            common &= ~rows
            round_the_clock |= (lived > 0) & (2 * kept >= lived)
    keeping = ~round_the_clock if not round_the_clock.all() else round_the_clock
    skipped = common & (2 * known[:, keeping].sum(axis=1) < alive[:, keeping].sum(axis=1))
    if skipped.sum() <= MOST_HOLIDAYS * common.sum():
        common &= ~skipped
    return common if common.sum() >= 2 else everywhere


def periods_per_year(dates: Days) -> float | None:
    """What a year of these dates is counted as: 52 weeks, 12 months, …; None for days, or too few dates to tell.

    >>> periods_per_year(np.arange("2015-01", "2019-01", dtype="datetime64[M]").astype("datetime64[D]"))
    12.0
    """
    if len(dates) < 3:
        return None
    step = float(np.median(np.diff(dates.astype("datetime64[D]").astype(np.int64))))
    return next((per_year for low, high, per_year in RHYTHMS if low <= step <= high), None)


def seven_days_a_week(dates: Days) -> bool:
    """Whether a day is a calendar day here, as where only coins are held: 365 of them make a year, not 252."""
    return len(dates) >= 28 and bool(np.mean(_weekday(dates) >= SATURDAY) > 0.25)


def _weekday(dates: Days) -> Indices:
    """(T,) 0 for Monday to 6 for Sunday."""
    return np.asarray((dates.astype("datetime64[D]").astype(np.int64) + 3) % 7)  # 1970-01-01 was a Thursday


def _alive(known: Mask) -> Mask:
    """(T, n) the dates from an asset's first price to its last."""
    begun = np.maximum.accumulate(known, axis=0)
    return np.asarray(begun & np.maximum.accumulate(known[::-1], axis=0)[::-1])
