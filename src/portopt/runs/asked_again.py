"""What a stored run was asked, as a request to ask something else of: on the prices that it rested on.

A rebalance, or a question about a book, is asked again on its pricing pack; a choice of weights brings its own beliefs.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from portopt.dialects.requests import rebalance_request_from_data
from portopt.domain.errors import InvalidValue
from portopt.domain.job import THROUGH_TIME
from portopt.domain.request import AnyRequest, RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.runs.apart import request_from_store
from portopt.runs.history import run_record

if TYPE_CHECKING:
    from portopt.runtime import Runtime

RUN = re.compile(r"(reb|opt|fro|fac|ask)-(\d{8}-)?[0-9a-f]{20}")
PACK = "pack:"  # before a pack's id, where a provider is named


def is_run(name: str) -> bool:
    """Whether it is spelled as the id of a run.

    >>> is_run("reb-20221228-7e37ebd61420da7ada44"), is_run("request.json")
    (True, False)
    """
    return RUN.fullmatch(name) is not None


def request_of(run_id: str, runtime: Runtime) -> AnyRequest:
    """Raises UnknownRun; InvalidValue for a run through time, which asked no portfolio."""
    record = run_record(run_id, runtime)
    if record.kind in THROUGH_TIME:
        why = f"is a run through time ({record.kind}): it asked of no portfolio"
        raise InvalidValue("run", run_id, why, fix="name a rebalance: `portopt runs` lists them")
    if "holdings" not in record.request:
        return request_from_store(record.request, runtime.beliefs)
    return book_of(record)


def book_of(record: RunRecord) -> RebalanceRequest:
    """What a rebalance, or a question about a book, was asked."""
    request = rebalance_request_from_data({name: value for name, value in record.request.items() if name != "asked"})
    pack = record.pricing_pack_id
    return request if pack is None else dataclasses.replace(request, provider=f"{PACK}{pack}")
