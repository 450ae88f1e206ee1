"""One idempotency key over REST and over gRPC: the same question is one job, another one is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from integration.service.books import OPTIMIZATION, book, done, imported
from integration.service.rpc_client import Client, Generated, Refused
from integration.service.serving import Served


def test_the_first_door_answers_for_both(serving: Callable[..., Served], generated: Generated) -> None:
    served = serving(processes=1)
    rpc = Client(generated, str(served.where["grpc"]))
    asked, pack = {**OPTIMIZATION, "portfolio_id": "P-keyed"}, imported(served.client, "P-keyed", book(12))
    body = {**asked, "pricing_pack_id": pack}
    first = done(served.client.post("/optimizations", json=body, headers={"Idempotency-Key": "morning"}), 202)
    message = rpc.request("CreateOptimization", {**asked, "additional": {"pricing_pack_id": pack}})
    again, metadata = rpc.ask_told("CreateOptimization", message, idempotency_key="morning")
    assert again.optimization_id == first["optimization_id"]
    assert metadata["idempotency-replayed"] == "true"
    message.constraints.max_turnover = 0.21
    with pytest.raises(Refused) as caught:
        rpc.ask("CreateOptimization", message, idempotency_key="morning")
    assert caught.value.problem["code"] == "key_reused"
