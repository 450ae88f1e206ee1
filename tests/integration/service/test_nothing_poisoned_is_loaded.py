"""A pickle that writes a file when it is loaded, in every store and in every body: nobody ever loads it."""

from __future__ import annotations

import io
import json
import os
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from integration.service import matrix
from integration.service.books import body_of, book, done
from integration.service.matrix import Things
from integration.service.serving import Served

BOOK = book(8)
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PLACES = (("POST", "/beliefs"), ("POST", "/packs"), ("PUT", "/portfolios/P-poison/holdings"), ("POST", "/optimize"))


class Poison:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "somebody-loaded-it"


@pytest.fixture
def poison(mark: Path) -> bytes:
    return pickle.dumps(Poison(mark))


def archive_of_objects(mark: Path) -> bytes:
    """As numpy.savez writes it: an array of objects is a pickle in the archive."""
    out = io.BytesIO()
    np.savez(out, ids=np.array(["A", "B"]), covariance=np.array([Poison(mark)], dtype=object))
    return out.getvalue()


def lone_array(mark: Path) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Poison(mark)], dtype=object), allow_pickle=True)
    return out.getvalue()


def test_the_poison_works(mark: Path, poison: bytes) -> None:
    pickle.loads(poison)
    assert mark.exists()
    mark.rmdir()
    np.load(io.BytesIO(archive_of_objects(mark)), allow_pickle=True)["covariance"]
    assert mark.exists()


def test_a_body_is_never_unpickled(sqlite_service: Served, mark: Path, poison: bytes) -> None:
    client = sqlite_service.client
    done(client.put("/portfolios/P-poison", json={}))
    kinds = (
        "application/json", "application/x-npz", "application/octet-stream", "text/csv", "application/vnd.apache.parquet",
        "application/vnd.apache.arrow.stream", SHEET,
    )  # fmt: skip
    for content in (poison, archive_of_objects(mark), lone_array(mark)):
        for kind in kinds:
            for method, path in (
                ("POST", "/beliefs"),
                ("POST", "/packs"),
                ("PUT", "/portfolios/P-poison/holdings"),
                ("POST", "/optimize"),
            ):
                response = client.request(method, path, **body_of(content, kind))
                assert 400 <= response.status_code < 500, (path, kind, response.text)
    assert not mark.exists()


def test_nothing_that_is_stored_is_unpickled(serving: Callable[..., Served], mark: Path, poison: bytes) -> None:
    served = serving()
    client = served.client
    things = matrix.seeded(client, "P-first-1", BOOK)
    beliefs = done(client.post("/beliefs", json={"ids": ["A", "B"], "covariance": [[0.04, 0.0], [0.0, 0.09]]}))["beliefs_id"]
    pack = client.get(f"/runs/{things.run_id}").json()["pricing_pack_id"]
    (served.home / "beliefs" / f"{beliefs}.npz").write_bytes(archive_of_objects(mark))
    _ask(client, things, pack, beliefs)
    (served.home / "beliefs" / f"{beliefs}.npz").write_bytes(lone_array(mark))
    for name in ("prices.parquet", "manifest.json"):
        before = (served.home / "packs" / pack / name).read_bytes()
        (served.home / "packs" / pack / name).write_bytes(poison)
        _ask(client, things, pack, beliefs)
        (served.home / "packs" / pack / name).write_bytes(before)
    for extra in ("extra.pkl", "prices.pkl", "manifest.pickle"):
        (served.home / "packs" / pack / extra).write_bytes(poison)
        (served.home / "beliefs" / extra).write_bytes(poison)
    (served.home / "reports").mkdir(exist_ok=True)
    (served.home / "reports" / f"{things.run_id}.html").write_bytes(poison)
    (served.home / "events.jsonl").write_bytes(poison)
    _ask(client, things, pack, beliefs)
    _poison_every_blob(served.home / "portopt.db", poison)
    _ask(client, things, pack, beliefs)
    assert not mark.exists()


def _ask(client: httpx.Client, things: Things, pack: str, beliefs: str) -> None:
    """Everything that reads what is stored."""
    run, portfolio = f"/runs/{things.run_id}", f"/portfolios/{things.portfolio_id}"
    for path in (
        run, f"{run}/document", f"{run}/report", f"{run}/explain", f"{run}/bundle", f"/packs/{pack}", f"/beliefs/{beliefs}",
        portfolio, f"{portfolio}/holdings", f"{portfolio}/ledger", f"{portfolio}/ledger/verification", "/packs", "/portfolios",
        "/runs", "/policies", f"/optimizations/{things.optimization_id}", "/optimizations",
    ):  # fmt: skip
        client.get(path)
    client.post(f"{run}/replay", json={})
    client.post(f"{portfolio}/rebalance", json={"pricing_pack_id": pack, "policy": "eight"})
    question = {"portfolio_id": "P-first-1", "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE",
                "strategies": [{"id": "A"}, {"id": "B"}], "risk_parameters": {"beliefs_id": beliefs}}  # fmt: skip
    client.post("/optimize", json=question, headers={"Idempotency-Key": "poisoned"})


def _poison_every_blob(file: Path, poison: bytes) -> None:
    """Every column of texts, documents or bytes, in every row, that no key is made of."""
    with sqlite3.connect(file, timeout=30) as database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        changed = 0
        for table in tables:
            for _, name, kind, _, _, key in database.execute(f'PRAGMA table_info("{table}")').fetchall():
                if not key and kind.upper() in ("JSON", "BLOB", "TEXT"):
                    try:
                        changed += database.execute(f'UPDATE "{table}" SET "{name}" = ?', (poison,)).rowcount
                    except sqlite3.IntegrityError:
                        continue  # a trigger or a key keeps it as it is
    assert changed > 5


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(serving: Callable[..., Served]) -> None:
    served = serving(body_bytes=1_000_000)
    client = served.client
    done(client.put("/portfolios/P-bomb", json={}))
    npz, sheet, lying = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez_compressed(npz, ids=np.array(["A", "B"]), returns=np.zeros((2_000_000, 2)))
    with zipfile.ZipFile(sheet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"):
            archive.writestr(name, b"<x>" + b" " * 100_000_000)
    with zipfile.ZipFile(lying, "w") as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 2)})
        archive.writestr("ids.npy", _array(np.array(["A", "B"])))
        archive.writestr("returns.npy", header.getvalue() + bytes(64))
    assert all(len(packed.getvalue()) < 1_000_000 for packed in (npz, sheet, lying))
    before = _peak(served)
    for path, packed, kind in (
        ("/beliefs", npz, "application/x-npz"),
        ("/beliefs", lying, "application/x-npz"),
        ("/packs", sheet, SHEET),
    ):
        response = client.post(path, **body_of(packed.getvalue(), kind))
        assert 400 <= response.status_code < 500, response.text
    response = client.put(
        "/portfolios/P-bomb/holdings",
        **body_of(sheet.getvalue(), SHEET),
    )
    assert 400 <= response.status_code < 500, response.text
    assert _peak(served) - before < 400_000_000


def _peak(served: Served) -> int:
    """The most memory that a process of this server had, bytes."""
    found = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines())
            except (OSError, ValueError):
                continue
            if served.process.pid in (int(told["Pid"]), int(told["PPid"])) and "VmHWM" in told:
                found = max(found, int(told["VmHWM"].split()[0]) * 1024)
    return found


def _array(values: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, values)
    return out.getvalue()


def test_a_document_that_is_nested_without_end_is_refused(sqlite_service: Served) -> None:
    for body in (b"[" * 1_000_000, b'{"a":' * 200_000, json.dumps({"strategies": [[]] * 100_000}).encode(), b"9" * 1_000_000):
        response = sqlite_service.client.post("/optimize", **body_of(body, "application/json"))
        assert 400 <= response.status_code < 500, response.text
