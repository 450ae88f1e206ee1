"""Which run a rebalance is: the same request on the same prices, said in the same document, is the same run."""

from __future__ import annotations

import dataclasses

from portopt import pipeline
from portopt.domain.canonical import digest, make_id
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest


def run_identity(request: RebalanceRequest, snapshot: MarketSnapshot) -> str:
    """`reb-…`, by the content of the request, the pricing pack and the document's version.

    What had to be said of the files is part of it: it stands in the document, which is the run's own.
    """
    content = digest(as_read(request, snapshot).identity(), snapshot.pricing_pack_id, pipeline.DOCUMENT_VERSION)
    return make_id("reb", snapshot.as_of, content)


def as_read(request: RebalanceRequest, snapshot: MarketSnapshot) -> RebalanceRequest:
    """The request with everything that reading its files and its prices had to say: what is kept of a run."""
    return dataclasses.replace(request, notes=(*request.notes, *snapshot.notes)) if snapshot.notes else request
