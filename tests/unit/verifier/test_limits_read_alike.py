"""Every limit of the catalog, read by the verifier's own definitions and by the terms: two codes, one figure."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from catalog_market import LIMITS_THAT_BIND, market

from portopt.audit import certify
from portopt.construction import construct
from portopt.document.weights_evidence import with_evidence
from portopt.domain.universe import Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import LIMITS
from portopt.terms.tax_limits.catalog import TAX_LIMITS
from portopt.verifier.book import Held, question_of
from portopt.verifier.exact import written
from portopt.verifier.limits import READERS, readings
from portopt.verifier.reading import NotRead

BY_ITS_ROWS_OR_NOT = {"custom", "model_bands"}  # a user's own expression has no definition here
TIGHTER = {"esg_exclusion": {"esg_exclusion": 7.2}}  # the catalog's example bars nobody here
BINDS_NOTHING_HERE = {"frozen"}  # every asset may be traded
OF_OTHER_RETURNS = {"max_risk"}  # reads scenarios of the book at hand; the document has those of its own books


def test_the_verifier_knows_every_limit_of_the_catalog_by_its_definition():
    assert LIMITS.keys() - READERS.keys() == BY_ITS_ROWS_OR_NOT
    assert READERS.keys() - TAX_LIMITS.keys() <= LIMITS.keys()
    assert TAX_LIMITS.keys() <= READERS.keys()


@pytest.fixture(scope="module")
def seen():
    found = {}

    def of(kind: str):
        if kind not in found:
            p = construct(market({"kind": "utility", "risk_aversion": 4.0}, TIGHTER.get(kind, LIMITS_THAT_BIND[kind])))
            form = assemble(p)
            validated = certify(p, form, optimize(p, form=form))
            document = with_evidence({"portopt": {}}, p, form, validated)
            found[kind] = p, validated.weights, question_of(document)
        return found[kind]

    return of


@pytest.mark.parametrize("kind", LIMITS)
def test_the_verifier_and_the_terms_read_every_limit_alike(seen, kind):
    p, optimum, question = seen(kind)
    rng = np.random.default_rng(11)
    books = {"target_weights": optimum, "w_prev": p.w_prev}
    if kind not in OF_OTHER_RETURNS:
        books |= {f"drawn {k}": rng.dirichlet(np.ones(p.n)) for k in range(3)}
    limit, term = p.limit(kind), next(one for one in question.limits if one["kind"] == kind)
    read = 0
    for name, w in books.items():
        told = limit.read(w, p)
        try:
            found = {r.member: r for r in readings(term, Held(name, [written(float(x)) for x in w]), question)}
        except NotRead:
            assert kind in OF_OTHER_RETURNS or kind == "custom"
            continue
        assert list(found) == list(told.members)
        for member, measured, lower, upper in zip(told.members, told.measured, told.lower, told.upper, strict=True):
            reading = found[member]
            assert reading.figure == pytest.approx(measured, rel=1e-9, abs=1e-12), (kind, member, name)
            assert (-np.inf if reading.floor is None else float(reading.floor)) == pytest.approx(lower, rel=1e-12)
            assert (np.inf if reading.cap is None else float(reading.cap)) == pytest.approx(upper, rel=1e-12)
            read += 1
        assert float(max((r.excess() for r in found.values()), default=0)) == pytest.approx(told.worst(), abs=1e-9)
    assert read or kind in BINDS_NOTHING_HERE or kind == "custom"


def test_a_group_is_seen_through_the_funds_that_hold_it(seen):
    p, _, _ = seen("sector_limits")
    made = {"sector": {"Technology": 0.5, "Energy": 0.2}}
    assets = tuple(dataclasses.replace(a, composition=made if a.id == "KO" else {}) for a in p.universe.assets)
    p = p.replaced(moments=dataclasses.replace(p.moments, universe=Universe(assets)))
    form = assemble(p)
    question = question_of(with_evidence({"portopt": {}}, p, form, certify(p, form, optimize(p, form=form))))
    told = p.limit("sector_limits").read(p.w_prev, p)
    term = next(one for one in question.limits if one["kind"] == "sector_limits")
    found = readings(term, Held("w_prev", [written(float(x)) for x in p.w_prev]), question)
    assert [r.member for r in found] == list(told.members)
    assert [r.figure for r in found] == pytest.approx(told.measured.tolist())
    assert "(none)" in told.members
