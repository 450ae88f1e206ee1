"""Tables that come as bodies: Arrow within bounds, kinds known by what is said or by the first bytes, JSON as files have it."""

from __future__ import annotations

import io
import random
from decimal import Decimal

import polars as pl
import pytest

from portopt.adapters.providers.delivered_prices import KINDS, DeliveredPrices, PackProvider
from portopt.adapters.providers.holdings_files import read_benchmark_column, read_holdings
from portopt.adapters.store.packs import FilePackStore
from portopt.domain.errors import DataError, FileNotReadable, PortoptError
from portopt.domain.market import MarketQuery
from portopt.domain.request import DataPolicy
from portopt.market import open_snapshot
from portopt.tables.arrow import table_of_arrow
from portopt.tables.delivered import Delivered, kind_of_content

FRAME = pl.DataFrame({"date": ["2024-01-01", "2024-01-02"], "A": [1.0, 2.0], "n": [1, 2]})


def written(form: str, compression: str) -> bytes:
    out = io.BytesIO()
    getattr(FRAME, form)(out, compression=compression)
    return out.getvalue()


@pytest.mark.parametrize("form", ["write_ipc", "write_ipc_stream"])
def test_arrow_is_read_plain_and_refused_compressed(form: str) -> None:
    table = table_of_arrow(written(form, "uncompressed"), "the body")
    assert table.names == ("date", "A", "n")
    assert table.column("A").to_list() == [1.0, 2.0]
    for compression in ("zstd", "lz4"):
        with pytest.raises(DataError, match="compressed inside"):
            table_of_arrow(written(form, compression), "the body")


@pytest.mark.parametrize("form", ["write_ipc", "write_ipc_stream"])
def test_damaged_arrow_is_refused_by_name(form: str) -> None:
    content, draw, said = written(form, "uncompressed"), random.Random(4), list[str]()
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        try:
            table_of_arrow(bytes(damaged[: draw.randrange(len(damaged))] if draw.random() < 0.3 else damaged), "the body")
        except (DataError, FileNotReadable) as error:
            said.append(str(error))
    assert len(said) > 100
    assert [sentence for sentence in said if not sentence.startswith("the body")] == []


def test_nested_columns_are_named() -> None:
    out = io.BytesIO()
    pl.DataFrame({"A": [[1.0], [2.0]]}).write_ipc_stream(out, compression="uncompressed")
    with pytest.raises(DataError, match="neither numbers nor texts nor dates: A"):
        table_of_arrow(out.getvalue(), "the body")


@pytest.mark.parametrize(
    ("content", "said", "kind"),
    [
        (b"a,b", "text/csv", ".csv"),
        (b"PAR1...", "application/octet-stream", ".parquet"),
        (b"PK\x03\x04", "application/octet-stream", ".xlsx"),
        (b"ARROW1\0\0", "application/octet-stream", ".arrow"),
        (b"\x7fELF", "application/octet-stream", ""),
        (b"<a/>", "application/xml", ""),
    ],
)
def test_the_kind_of_a_body_is_what_is_said_or_what_its_first_bytes_say(content: bytes, said: str, kind: str) -> None:
    assert kind_of_content(content, said) == kind


def test_shares_by_asset_in_json_are_shares_and_no_benchmark_weights(tmp_path) -> None:
    body = Delivered(b'{"AAPL": 10.5, "CASH": 5}', ".json")
    holdings, described = read_holdings(body, "p")
    assert (holdings.shares, holdings.cash, described) == ({"AAPL": Decimal("10.5")}, Decimal(5), {"AAPL": {}})
    assert read_benchmark_column(body) is None
    file = tmp_path / "holdings.json"
    file.write_bytes(body.content)
    assert read_benchmark_column(file) is None


def test_prices_of_a_kept_pack_make_the_same_pack_again(tmp_path) -> None:
    table = "date,asset,close,volume\n2024-01-02,A,10,100\n2024-01-03,A,11,\n2024-01-03,B,5,7\n2024-01-04,B,6,8\n"
    brought = DeliveredPrices(Delivered(table.encode(), ".csv"))
    everything, packs = MarketQuery(), FilePackStore(tmp_path)
    opened = {
        "policy": DataPolicy(short_history="accept", no_longer_traded="accept"),
        "query": everything,
        "adjustment": brought.adjustment,
    }
    pack = packs.put(open_snapshot(brought.prices(everything), source=brought.source, **opened))
    assert packs.has(pack.pricing_pack_id)
    assert not packs.has("../etc")
    kept = PackProvider(pack.pricing_pack_id, packs)
    again = open_snapshot(kept.prices(everything), source=kept.source, **opened)
    assert again.pricing_pack_id == pack.pricing_pack_id
    elsewhere = FilePackStore(tmp_path / "elsewhere")
    restored = elsewhere.restore(pack.pricing_pack_id, packs.files(pack.pricing_pack_id))
    assert restored.pricing_pack_id == pack.pricing_pack_id
    assert elsewhere.ids() == [pack.pricing_pack_id]
    assert elsewhere.litter() == []
    files = packs.files(pack.pricing_pack_id)
    for wrong in ({}, {**files, "prices.parquet": files["prices.parquet"][:-3]}):
        with pytest.raises(DataError):
            FilePackStore(tmp_path / "third").restore(pack.pricing_pack_id, wrong)
    assert FilePackStore(tmp_path / "third").ids() == []


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"prices": 1}', b'[{"date": {}}]', b'{"A": [1], "date": [1, 2]}', b"[1]"])
def test_json_that_holds_no_prices_is_refused(content: bytes) -> None:
    assert ".json" in KINDS
    with pytest.raises(PortoptError):
        DeliveredPrices(Delivered(content, ".json"))
