"""The choices about a tax: without it, and at most half of it; each is what asking for it alone gives."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import made_lots
import numpy as np
import pytest

from portopt import formulation, pipeline
from portopt.document.choices import alternatives_document
from portopt.domain.choices import Alternatives
from portopt.domain.errors import InvalidValue
from portopt.intake.choices import NAMES
from portopt.questions.alternatives import alternatives, select
from portopt.runtime import Runtime
from portopt.settings import Settings

BOOK = made_lots.book(12, 40, 1)


@pytest.fixture
def installed(tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path / "home"))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Alternatives:
    here = Runtime(Settings(home=tmp_path_factory.mktemp("home")))
    return alternatives(BOOK.request(), here, market=BOOK.market())


def test_each_is_what_its_request_gives_when_it_is_asked_alone(found: Alternatives) -> None:
    for name in ("without_tax", "half_the_tax"):
        card = found.named(name)
        assert card is not None
        assert card.request is not None
        assert card.certificate is not None
        snapshot = BOOK.snapshot(card.request)
        posed = formulation.formulate(card.request, snapshot, pipeline.estimate(card.request, snapshot))
        alone = pipeline.optimize(posed)
        assert np.abs(card.measured.weights - pipeline.certify(alone).weights).max() <= 1e-7
        assert card.certificate.certified


def test_half_is_half_and_nobody_pays_more_than_who_does_not_look(found: Alternatives) -> None:
    tax = {choice.name: choice.measured.tax for choice in found.choices}
    assert tax["do_nothing"] == 0
    assert tax["half_the_tax"] <= tax["policy"] / 2 + Decimal("0.01")
    assert tax["without_tax"] >= tax["policy"] > 0
    cards = {card["name"]: card for card in alternatives_document(found)["alternatives"]}
    assert cards["without_tax"]["tax"] == str(tax["without_tax"])


def test_a_selected_one_is_the_run_of_its_card_and_tells_its_tax(found: Alternatives, installed: Runtime) -> None:
    for name in ("without_tax", "half_the_tax"):
        chosen = select(BOOK.request(), name, installed, market=BOOK.market())
        card = found.named(name)
        assert card is not None
        assert chosen.run_id == card.run_id
        assert Decimal((chosen.document or {})["taxes"]["tax"]) == pytest.approx(card.measured.tax, abs=2000)


def test_a_book_without_a_tax_has_neither_and_says_so_where_one_is_asked_for(installed: Runtime) -> None:
    request = BOOK.request(BOOK.policy(tax={}))
    names = {choice.name for choice in alternatives(request, installed, market=BOOK.market()).choices}
    assert names <= set(NAMES) - {"without_tax", "half_the_tax"}
    with pytest.raises(InvalidValue, match="no tax is estimated"):
        select(request, "without_tax", installed, market=BOOK.market())
