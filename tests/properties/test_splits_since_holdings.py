"""How often a list of holdings is asked about for nothing, and whether a split since is ever missed.

Made markets with fat tails and crashes, lists of one to twenty assets up to five days old, in closes or in prices within the
day. With PORTOPT_TEST_FULL=1 a thousand splits of each ratio are planted, else forty.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from books_before_splits import OLDEST, listed, planted

from portopt.market.share_ratios import CONSOLIDATIONS, RATIOS, SPLITS
from portopt.market.since_holdings import in_doubt

FULL = os.environ.get("PORTOPT_TEST_FULL") == "1"
BOOKS, EACH = 2000, 1000 if FULL else 40
TOLD = tuple(ratio for ratio in RATIOS if ratio >= 3 or ratio <= 1 / 3)  # raw prices that no news makes


def random_book(rng):
    n = int(rng.integers(1, 21))
    return listed(rng, n, int(rng.integers(0, OLDEST + 1)), closes=n < 3 or bool(rng.random() < 0.5))


def test_of_two_thousand_books_without_a_split_at_most_one_in_two_hundred_is_asked_about():
    """0.3 % are: a crash of a third, or of a half, in the days since the list, by prices alone no other than a split."""
    rng = np.random.default_rng(1)
    books = [random_book(rng) for _ in range(BOOKS)]
    asked = sum(bool(in_doubt(book.snapshot(), book.holdings)) for book in books)
    assert asked <= BOOKS / 200


def test_with_volumes_a_crash_is_told_from_a_split():
    rng = np.random.default_rng(1)
    books = [random_book(rng) for _ in range(BOOKS)]
    asked = sum(bool(in_doubt(book.snapshot(volumes=True), book.holdings)) for book in books)
    assert asked <= BOOKS / 1000


def test_a_list_of_three_years_ago_or_in_another_currency_is_no_split():
    rng = np.random.default_rng(2)
    asked = 0
    for k in range(300):
        book = listed(rng, int(rng.integers(3, 21)), 0, closes=True)
        held = book.holdings
        if k % 2:
            factor = float(rng.choice([0.0091, 0.011, 0.79, 0.92, 1.27, 7.8, 25.0, 100.0, 152.0]))
            said = {a: type(p)(str(round(float(p) * factor, 4))) for a, p in held.stated_prices.items()}
        else:
            moved = np.exp(0.35 * np.sqrt(3) * rng.standard_normal(len(held.stated_prices)))
            pairs = zip(held.stated_prices.items(), moved, strict=True)
            said = {a: type(p)(str(round(float(p) * m, 2))) for (a, p), m in pairs}
        asked += bool(in_doubt(book.snapshot(), type(held)("P", held.shares, held.cash, stated_prices=said)))
    assert asked <= 3


def missed(rng, ratio, *, raw: bool, least: int):
    """(splits not found, other assets asked about, other ratios than the planted one) among lists of `least` assets or more."""
    lost, others, misread = 0, 0, 0
    for _ in range(EACH):
        n, age = int(rng.integers(least, 13)), int(rng.integers(1, OLDEST + 1))
        book = listed(rng, n, age, closes=n < 3 or bool(rng.random() < 0.5))
        j, when = int(rng.integers(n)), int(rng.integers(1, age + 1))
        book.prices[:, j] *= 60.0 / book.prices[-1, j] * max(1.0, float(ratio))
        book.stated[j] = round(float(book.prices[-1 - age, j]), 2)
        found = {d.asset_id: d.ratio for d in in_doubt(book.snapshot(planted(book, j, ratio, when, raw=raw)), book.holdings)}
        lost += book.ids[j] not in found
        misread += found.pop(book.ids[j], ratio) != ratio
        others += bool(found)
    return lost, others, misread


@pytest.mark.parametrize("ratio", RATIOS, ids=str)
def test_every_planted_split_of_adjusted_prices_is_found(ratio):
    lost, others, misread = missed(np.random.default_rng(int(100 * ratio)), ratio, raw=False, least=3)
    assert lost == 0
    assert others <= max(1, EACH // 100)
    assert misread <= max(2, EACH // 50)


@pytest.mark.parametrize("ratio", TOLD, ids=str)
def test_every_planted_split_of_raw_prices_is_found_where_no_news_makes_such_a_move(ratio):
    lost, others, _ = missed(np.random.default_rng(int(100 * ratio) + 7), ratio, raw=True, least=1)
    assert lost <= EACH // 200
    assert others <= max(1, EACH // 100)


@pytest.mark.parametrize("ratio", [SPLITS[1], SPLITS[2], CONSOLIDATIONS[0]], ids=str)
def test_of_raw_splits_that_news_could_make_ninety_five_of_a_hundred_are_found(ratio):
    lost, _, _ = missed(np.random.default_rng(int(100 * ratio) + 9), ratio, raw=True, least=1)
    assert lost <= max(2, EACH // 20)


@pytest.mark.parametrize("ratio", RATIOS, ids=str)
def test_lists_of_one_or_two_assets_are_asked_about_too(ratio):
    rng = np.random.default_rng(int(100 * ratio) + 11)
    lost = 0
    for _ in range(EACH // 2):
        book = listed(rng, int(rng.integers(1, 3)), int(rng.integers(1, OLDEST + 1)), closes=True)
        lost += not in_doubt(book.snapshot(planted(book, 0, ratio, 1, raw=False)), book.holdings)
    assert lost <= max(1, EACH // 50)
