"""Pricing packs on disk: whole or not at all, never silently changed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import polars as pl
import pytest

from portopt.adapters.store.packs import MANIFEST, PRICES, FilePackStore
from portopt.domain.errors import DataError, OutsideError
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.request import DataPolicy
from portopt.market import open_snapshot

DAYS = 40


def snapshot(missing: bool = False, volume: bool = False, shift: float = 0.0) -> MarketSnapshot:
    rng = np.random.default_rng(0)
    closes = 30 * np.exp(np.cumsum(rng.normal(0, 0.01, (DAYS, 3)), axis=0))
    closes[7, 1] += shift
    table = pl.DataFrame(
        {
            "asset_id": np.repeat(np.array(["A", "B", "C"]), DAYS),
            "date": np.tile(np.datetime64("2024-01-01") + np.arange(DAYS), 3),
            "close": closes.T.ravel(),
        }
    )
    if volume:
        table = table.with_columns(volume=pl.Series(rng.integers(1, 1000, 3 * DAYS)))
    if missing:
        table = table.filter(~((pl.col("asset_id") == "B") & (pl.col("date") < date(2024, 1, 20))))
        table = table.filter(~((pl.col("asset_id") == "C") & (pl.col("date").is_between(date(2024, 1, 5), date(2024, 1, 15)))))
    return open_snapshot(table, source="s.csv", adjustment="raw", policy=DataPolicy(), query=MarketQuery())


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("volume", [False, True])
def test_what_is_got_is_what_was_put(tmp_path, missing, volume):
    pack = snapshot(missing, volume)
    store = FilePackStore(tmp_path)
    assert store.put(pack) is pack
    got = store.get(pack.pricing_pack_id)
    for name in ("pricing_pack_id", "as_of", "asset_ids", "source", "adjustment", "findings"):
        assert getattr(got, name) == getattr(pack, name)
    np.testing.assert_array_equal(got.dates, pack.dates)
    np.testing.assert_array_equal(got.prices, pack.prices)
    assert (got.volumes is None) is not volume
    if volume:
        np.testing.assert_array_equal(got.volumes, pack.volumes)
    assert bool(pack.findings) is missing  # a gap travels through the manifest with its date


def test_the_parquet_is_a_plain_sorted_table_anyone_can_read(tmp_path):
    pack = snapshot(missing=True)
    FilePackStore(tmp_path).put(pack)
    table = pl.read_parquet(tmp_path / pack.pricing_pack_id / PRICES)
    assert table.columns == ["asset_id", "date", "close"]
    assert table.equals(table.sort("asset_id", "date"))
    assert table.height == np.count_nonzero(~np.isnan(pack.prices))


def test_putting_again_writes_nothing(tmp_path):
    store, pack = FilePackStore(tmp_path), snapshot()
    store.put(pack)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / pack.pricing_pack_id).iterdir()}
    store.put(pack)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / pack.pricing_pack_id).iterdir()} == before
    assert store.ids() == [pack.pricing_pack_id]


def test_many_writers_of_one_pack_leave_one_whole_pack_and_no_litter(tmp_path):
    pack = snapshot()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: FilePackStore(tmp_path).put(pack), range(16)))
    assert [entry.name for entry in tmp_path.iterdir()] == [pack.pricing_pack_id]
    np.testing.assert_array_equal(FilePackStore(tmp_path).get(pack.pricing_pack_id).prices, pack.prices)


def test_a_changed_price_file_is_named(tmp_path):
    store, pack = FilePackStore(tmp_path), snapshot()
    store.put(pack)
    path = tmp_path / pack.pricing_pack_id / PRICES
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=rf"{pack.pricing_pack_id}/{PRICES} is damaged: its SHA-256 is not the manifest's"):
        store.get(pack.pricing_pack_id)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda m: m.update(assets=["A", "B", "D"]), "is damaged"),
        (lambda m: m.update(dates=[d + 1 for d in m["dates"]]), "with it the prices are those of pack-"),
        (lambda m: m.update(adjustment="adjusted"), "with it the prices are those of pack-"),
        (lambda m: m.update(pricing_pack_id="pack-" + "0" * 20), "it describes another pack"),
        (lambda m: m.pop("assets"), "lacks 'assets'"),
    ],
)
def test_a_changed_manifest_is_named(tmp_path, change, match):
    store, pack = FilePackStore(tmp_path), snapshot()
    store.put(pack)
    path = tmp_path / pack.pricing_pack_id / MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=match):
        store.get(pack.pricing_pack_id)


@pytest.mark.parametrize("change", [{"source": "elsewhere.csv"}, {"findings": []}, {"as_of": "2024-02-08"}, {"note": "hi"}])
def test_not_a_word_of_a_manifest_changes_unnoticed(tmp_path, change):
    store, pack = FilePackStore(tmp_path), snapshot(missing=True)
    store.put(pack)
    path = tmp_path / pack.pricing_pack_id / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DataError, match=r"manifest\.json is damaged: its SHA-256 is not the one it states"):
        store.get(pack.pricing_pack_id)


def test_a_pack_of_an_earlier_version_without_that_digest_is_read(tmp_path):
    store, pack = FilePackStore(tmp_path), snapshot()
    store.put(pack)
    path = tmp_path / pack.pricing_pack_id / MANIFEST
    manifest = json.loads(path.read_text())
    del manifest["manifest_sha256"]
    path.write_text(json.dumps(manifest))
    assert store.get(pack.pricing_pack_id).asset_ids == pack.asset_ids


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: _flip(folder / PRICES),
        lambda folder: _flip(folder / MANIFEST),
        lambda folder: (folder / PRICES).unlink(),
        lambda folder: (folder / MANIFEST).unlink(),
        lambda folder: [file.unlink() for file in folder.iterdir()],
    ],
)
def test_a_damaged_pack_is_never_built_upon_and_the_same_prices_mend_it(tmp_path, harm):
    store, pack = FilePackStore(tmp_path), snapshot()
    store.put(pack)
    harm(tmp_path / pack.pricing_pack_id)
    with pytest.raises(DataError, match="is damaged") as caught:
        store.get(pack.pricing_pack_id)
    assert "the same prices make the same pack anew" in caught.value.fixes[0]
    store.put(pack)
    np.testing.assert_array_equal(store.get(pack.pricing_pack_id).prices, pack.prices)
    assert [entry.name for entry in tmp_path.iterdir()] == [pack.pricing_pack_id]


def test_what_killed_writers_left_is_found(tmp_path):
    left = [tmp_path / ".damaged-abcd", tmp_path / ".making-1-abcd", tmp_path / "pack-0123456789abcdef0123"]
    for folder in left:
        folder.mkdir()
    FilePackStore(tmp_path).put(snapshot())
    assert list(FilePackStore(tmp_path).litter()) == left


def test_a_manifest_that_is_not_json_and_a_missing_price_file_are_named(tmp_path):
    store, pack = FilePackStore(tmp_path), snapshot()
    store.put(pack)
    (tmp_path / pack.pricing_pack_id / PRICES).unlink()
    with pytest.raises(DataError, match=f"{PRICES} is damaged: No such file"):
        store.get(pack.pricing_pack_id)
    (tmp_path / pack.pricing_pack_id / MANIFEST).write_text("{")
    with pytest.raises(DataError, match=f"{MANIFEST} is damaged"):
        store.get(pack.pricing_pack_id)


def test_an_unknown_pack_and_an_empty_store(tmp_path):
    store = FilePackStore(tmp_path / "not yet")
    assert list(store.ids()) == []
    with pytest.raises(DataError, match="there is no pricing pack pack-0123456789abcdef0123"):
        store.get("pack-0123456789abcdef0123")


@pytest.mark.parametrize(
    "name", ["../secret", "pack-../../../../etc", "pack-0123456789abcdef012", "", "PACK-0123456789abcdef0123"]
)
def test_a_name_that_is_no_packs_name_never_becomes_a_path(tmp_path, name):
    with pytest.raises(DataError, match="is not the name of a pricing pack"):
        FilePackStore(tmp_path).get(name)


def test_a_folder_that_cannot_be_written_is_the_outside_worlds_failure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="could not be stored"):
        FilePackStore(tmp_path / "file").put(snapshot())


def test_half_made_packs_are_not_listed(tmp_path):
    (tmp_path / ".making-1-abcd").mkdir()
    (tmp_path / "pack-0123456789abcdef0123").mkdir()
    assert list(FilePackStore(tmp_path).ids()) == []


def test_the_difference_of_two_packs_names_assets_dates_and_prices(tmp_path):
    store, old, new = FilePackStore(tmp_path), snapshot(), snapshot(shift=1.5)
    later = open_snapshot(
        pl.DataFrame({"asset_id": ["A", "D"], "date": [date(2024, 1, 1), date(2025, 1, 1)], "close": [1.0, 2.0]}),
        source="later.csv", adjustment="raw", policy=DataPolicy(short_history="accept"), query=MarketQuery(),
    )  # fmt: skip
    for pack in (old, new, later):
        store.put(pack)
    changed = store.difference(old.pricing_pack_id, new.pricing_pack_id)
    assert changed.prices_changed_count == 1
    assert changed.prices_changed[0][:2] == ("B", date(2024, 1, 8))
    assert changed.prices_changed[0][3] - changed.prices_changed[0][2] == pytest.approx(1.5)
    assert set(changed.manifest) == {"pricing_pack_id"}
    other = store.difference(old.pricing_pack_id, later.pricing_pack_id)
    assert (other.assets_added, other.assets_removed) == (("D",), ("B", "C"))
    assert other.dates_added == (date(2025, 1, 1),)
    assert len(other.dates_removed) == DAYS - 1
    assert other.manifest["source"] == ("s.csv", "later.csv")
