"""How figures are thinned: as it is written, by which arithmetic; a window over thinned rows says what it said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_watch import MINUTE, START, Watch, figure, rule

from portopt.dialects.alerts import figure_data
from portopt.domain.errors import InvalidValue
from portopt.domain.thinning import Thinning, rows_kept
from portopt.domain.watch import Figure, Spread
from portopt.monitoring.thinning import read_thinning
from portopt.reports.watch.files import FIGURE_COLUMNS, figures_csv, figures_parquet
from portopt.settings import Settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def thinned(figures: Sequence[Figure], size: int) -> list[Figure]:
    """So many at a time, as the store has them afterwards."""
    found = []
    for start in range(0, len(figures), size):
        part = figures[start : start + size]
        values = [f.value for f in part if f.value is not None]
        mean = sum(values) / len(values) if values else None
        spread = Spread(len(values), min(values, default=None), max(values, default=None), mean)
        found.append(part[0] if len(part) == 1 else replace(part[-1], spread=spread))
    return found


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(-1, 1)), min_size=1, max_size=40), st.integers(2, 7),
       st.sampled_from(["max", "min", "avg", "count"]))  # fmt: skip
def test_a_window_over_thinned_rows_says_what_it_says_over_all_of_them(values, size: int, over: str) -> None:  # type: ignore[no-untyped-def]
    """The last hour is as it was measured; what is older is thinned."""
    old = [figure(v, START + k * MINUTE) for k, v in enumerate(values)]
    new = [figure(0.0, START + len(old) * MINUTE)]
    one = rule(f"{over}_over_time(book_drift[2h]) > -2", extra="stale: 15m")
    said = []
    for figures in ([*old, *new], [*thinned(old, size), *new]):
        watch = Watch([one])
        watch.at(new[0].at, figures)
        (alert,) = watch.standing.alerts
        said.append(alert.value)
    assert said[0] == pytest.approx(said[1], abs=1e-12)


def test_the_arithmetic_of_five_hundred_books_every_minute_for_a_year() -> None:
    how = read_thinning("7d:1h,90d:1d", "figures")
    # 7 days of minutes and the hour that is not whole, 83 days of hours and the day that is not, 275 days; one for each edge.
    by_hand = (7 * 1440 + 60 + 1) + (83 * 24 + 24 + 1) + (275 + 1)
    assert rows_kept(how, MINUTE, 365.0) == by_hand == 12_434
    assert 365 * 1440 / by_hand > 42
    assert rows_kept(how, MINUTE, 730.0) == by_hand + 365
    assert rows_kept((), MINUTE, 365.0) == 365 * 1440 + 1
    assert rows_kept(how, MINUTE, 5.0) == 5 * 1440 + 1


def test_as_it_is_shipped_it_is_seven_days_ninety_and_two_years() -> None:
    shipped = Settings()
    assert shipped.thinning == (Thinning(7 * DAY, HOUR), Thinning(90 * DAY, DAY))
    assert shipped.figures_days == 730.0
    assert read_thinning("none", "figures") == ()


def test_a_step_is_thinned_once_all_of_it_is_old_enough() -> None:
    now = START + timedelta(minutes=25)  # 09:25
    assert Thinning(DAY, HOUR).until(now) == START - DAY
    assert Thinning(DAY, DAY).until(now) == (START - DAY).replace(hour=0)


@pytest.mark.parametrize(("text", "said"), [
    ("7d", "'7d' is no age and step"),
    ("7d:1h,3d:1d", "not in order"),
    ("7d:1h,90d:1h", "not in order"),
    ("7d:2h,90d:3h", "not in order"),
    ("1h:5m", "an age is at least a day"),
    ("7d:7h", "a day is made of whole steps"),
    ("7d:0s", "no age and step"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        read_thinning(text, "PORTOPT_FIGURES_THINNED")


def test_a_thinned_figure_says_what_was_in_its_step_wherever_it_is_shown() -> None:
    import io

    import polars as pl

    one = replace(figure(0.02, START), spread=Spread(4, -0.2, 0.4, 0.0575))
    plain = figure(0.03, START + MINUTE)
    assert figure_data(one)["spread"] == {"measured": 4, "lowest": -0.2, "highest": 0.4, "mean": 0.0575}
    assert "spread" not in figure_data(plain)
    head, first, second = figures_csv([one, plain]).decode().splitlines()
    assert head.split(",") == list(FIGURE_COLUMNS)
    assert first.endswith(",4,-0.2,0.4,0.0575")
    assert second.endswith(",,,,")
    table = pl.read_parquet(io.BytesIO(figures_parquet([one, plain])))
    assert table.select("measured", "lowest", "highest", "mean").rows() == [(4, -0.2, 0.4, 0.0575), (None,) * 4]
