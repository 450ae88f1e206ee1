"""Pricing packs on disk: one folder a pack, Parquet and a manifest, named by their content and never changed.

<directory>/<pricing_pack_id>/prices.parquet   asset_id, date, close[, volume]; sorted by asset, then date
<directory>/<pricing_pack_id>/manifest.json    what it is, where it came from, what was found, the file's SHA-256 and its own

Digests are verified whenever a pack is read, and before anything is built upon one that is there already.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from portopt.domain.arrays import Matrix, frozen
from portopt.domain.canonical import canonical_json
from portopt.domain.disk import NOT_ALLOWED, storage_error
from portopt.domain.errors import DataError
from portopt.domain.market import Finding, MarketSnapshot, PackDifference, PackLine
from portopt.market import pack_id
from portopt.market.differences import difference

PACK_ID = re.compile(r"pack-[0-9a-f]{20}")
PRICES, MANIFEST = "prices.parquet", "manifest.json"
SIGNATURE = "manifest_sha256"
MAKING, DAMAGED = ".making-", ".damaged-"
TRIES = 20  # against writers of the same pack that come and go meanwhile
TAKEN = (errno.ENOTEMPTY, errno.EEXIST)  # what a rename onto a folder with files says
MEND = "ask for the same rebalance again: the same prices make the same pack anew; or restore its folder from a backup"
FAST = 1  # level of zstd: three quarters of the time of the usual one, for a file that is a hundredth longer


class FilePackStore:
    """ports.PackStore on a folder. Several processes may share it: a pack appears whole, by one rename, or not at all."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)

    def put(self, snapshot: MarketSnapshot) -> MarketSnapshot:
        """Store it; where the same prices are stored already, write nothing. Returns the snapshot as given.

        What stands there damaged is replaced: the same prices make the same pack.
        """
        folder = self._folder(snapshot.pricing_pack_id)
        if self._is_sound(folder):
            with contextlib.suppress(OSError):
                os.utime(folder)  # somebody rests on it from now on: it is as young as that to a retention
            return snapshot
        prices = _parquet_bytes(snapshot)
        making = self.directory / f"{MAKING}{os.getpid()}-{secrets.token_hex(4)}"
        try:
            making.mkdir(parents=True)
            _write(making / PRICES, prices)
            _write(making / MANIFEST, canonical_json(signed(_manifest(snapshot, prices))))
            self._move_in(making, folder)
        except OSError as error:
            if not self._is_sound(folder):  # it is there when another process stored the same pack meanwhile
                what = f"pricing pack {snapshot.pricing_pack_id} could not be stored in {self.directory}"
                raise storage_error(what, snapshot.pricing_pack_id, error, field="pricing_pack_id") from error
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return snapshot

    def _move_in(self, making: Path, folder: Path) -> None:
        """One rename, onto nothing: what stands there already is the same pack, or damaged and goes out of the way first."""
        for _ in range(TRIES):
            try:
                making.rename(folder)
                _sync(self.directory)
                return
            except OSError as error:
                if error.errno not in TAKEN:
                    raise
            if self._is_sound(folder):
                return
            self._clear(folder)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))

    def _clear(self, folder: Path) -> None:
        """A damaged pack out of the way. One that another writer put in its place after it was looked at goes back."""
        aside = self.directory / f"{DAMAGED}{secrets.token_hex(4)}"
        try:
            folder.rename(aside)
        except FileNotFoundError:
            return
        try:
            self._read_pack(aside, folder.name)
            aside.rename(folder)
        except (DataError, OSError):  # damaged, or a whole one stands there again
            shutil.rmtree(aside, ignore_errors=True)

    def _is_sound(self, folder: Path) -> bool:
        if not folder.exists():
            return False
        try:
            self.get(folder.name)
        except DataError:
            return False
        return True

    def get(self, pricing_pack_id: str) -> MarketSnapshot:
        """The pack as it was stored first. Raises DataError for an unknown pack, or one whose files have changed."""
        return self._read_pack(self._folder(pricing_pack_id), pricing_pack_id)

    def _read_pack(self, folder: Path, pricing_pack_id: str) -> MarketSnapshot:
        manifest = self._read_manifest(folder, pricing_pack_id)
        path = folder / PRICES
        content = _read(path)
        if hashlib.sha256(content).hexdigest() != manifest.get("sha256"):
            raise _damaged(path, "its SHA-256 is not the manifest's")
        try:
            snapshot = _snapshot(pl.read_parquet(io.BytesIO(content)), manifest)
        except KeyError as error:
            raise _damaged(folder / MANIFEST, f"it lacks {error}") from error
        except Exception as error:  # whatever a library makes of a manifest that is not ours any more
            raise _damaged(folder / MANIFEST, f"it does not describe the prices beside it ({error})") from error
        named = pack_id(snapshot.asset_ids, snapshot.dates, snapshot.prices, snapshot.volumes, snapshot.adjustment)
        if named != pricing_pack_id:
            raise _damaged(folder / MANIFEST, f"with it the prices are those of {named}")
        if SIGNATURE in manifest and manifest != signed(manifest):
            raise _damaged(folder / MANIFEST, "its SHA-256 is not the one it states")
        return snapshot

    def ids(self) -> Sequence[str]:
        """Sorted."""
        if not self.directory.is_dir():
            return ()
        return sorted(f.name for f in self.directory.iterdir() if PACK_ID.fullmatch(f.name) and (f / MANIFEST).is_file())

    def line(self, pricing_pack_id: str) -> PackLine:
        """What its manifest says; its prices are not read. Raises DataError for an unknown pack, or a manifest that is none."""
        told = self._read_manifest(self._folder(pricing_pack_id), pricing_pack_id)

        def day(name: str) -> date | None:
            return None if told.get(name) is None else date.fromisoformat(told[name])

        def count(name: str) -> int | None:
            return None if told.get(name) is None else len(told[name])

        about = (day("as_of"), told.get("source"), count("assets"), count("dates"))
        return PackLine(pricing_pack_id, *about, day("first_date"), day("last_date"))

    def has(self, pricing_pack_id: str) -> bool:
        return PACK_ID.fullmatch(pricing_pack_id) is not None and (self.directory / pricing_pack_id / MANIFEST).is_file()

    def files(self, pricing_pack_id: str) -> dict[str, bytes]:
        """What it consists of, by name, once it is known to be whole. Raises DataError."""
        self.get(pricing_pack_id)
        return {name: _read(self._folder(pricing_pack_id) / name) for name in (PRICES, MANIFEST)}

    def restore(self, pricing_pack_id: str, files: Mapping[str, bytes]) -> MarketSnapshot:
        """The pack that these files are, kept where none stands yet. Raises DataError where they are not what the id says."""
        folder = self._folder(pricing_pack_id)
        missing = [name for name in (PRICES, MANIFEST) if name not in files]
        if missing:
            raise _damaged(folder / missing[0], "it is not there")
        making = self.directory / f"{MAKING}{os.getpid()}-{secrets.token_hex(4)}"
        try:
            making.mkdir(parents=True)
            for name in (PRICES, MANIFEST):
                _write(making / name, files[name])
            snapshot = self._read_pack(making, pricing_pack_id)
            if not self._is_sound(folder):
                self._move_in(making, folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return snapshot

    def litter(self) -> Sequence[Path]:
        """What writers that were killed left behind: no pack, and nobody's to finish."""
        if not self.directory.is_dir():
            return ()
        return sorted(f for f in self.directory.iterdir() if f.name.startswith((MAKING, DAMAGED)) or not _has_manifest(f))

    def difference(self, a: str, b: str) -> PackDifference:
        """What changed from pack `a` to pack `b`."""
        return difference(self.get(a), self.get(b))

    def _folder(self, pricing_pack_id: str) -> Path:
        # The pattern leaves no room for a path: an id is the only part of a name that comes from outside.
        if not PACK_ID.fullmatch(pricing_pack_id):
            raise DataError(
                f"{pricing_pack_id!r} is not the name of a pricing pack (pack- and 20 hexadecimal digits)",
                field="pricing_pack_id",
                value=pricing_pack_id,
            )
        return self.directory / pricing_pack_id

    def _read_manifest(self, folder: Path, pricing_pack_id: str) -> dict[str, Any]:
        path = folder / MANIFEST
        if not folder.is_dir():
            raise DataError(
                f"there is no pricing pack {pricing_pack_id} in this store",
                field="pricing_pack_id",
                value=pricing_pack_id,
                fixes=[MEND],
            )
        try:
            manifest = json.loads(_read(path))
        except (ValueError, RecursionError) as error:
            raise _damaged(path, str(error)) from error
        if not isinstance(manifest, dict) or manifest.get("pricing_pack_id") != pricing_pack_id:
            raise _damaged(path, "it describes another pack")
        return manifest


def _parquet_bytes(snapshot: MarketSnapshot) -> bytes:
    """Rows where there is a price or a volume, sorted by asset, then date: a store the reader can reshape."""
    known = ~np.isnan(snapshot.prices.T)
    if snapshot.volumes is not None:
        known |= ~np.isnan(snapshot.volumes.T)
    assets, days = np.nonzero(known)
    columns: dict[str, Any] = {
        "asset_id": pl.Series(snapshot.asset_ids).gather(assets),
        "date": snapshot.dates[days],
        "close": snapshot.prices.T[known],
    }
    if snapshot.volumes is not None:
        columns["volume"] = snapshot.volumes.T[known]
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer, compression="zstd", compression_level=FAST, statistics=False)
    return buffer.getvalue()


def _manifest(snapshot: MarketSnapshot, prices: bytes) -> dict[str, Any]:
    counts = (~np.isnan(snapshot.prices)).sum(axis=0)
    return {
        "pricing_pack_id": snapshot.pricing_pack_id,
        "as_of": snapshot.as_of,
        "source": snapshot.source,
        "adjustment": snapshot.adjustment,
        "assets": list(snapshot.asset_ids),
        "dates": [int(day) for day in snapshot.dates.astype(int)],
        "first_date": snapshot.dates[0].item(),
        "last_date": snapshot.dates[-1].item(),
        "prices": int(counts.sum()),
        "has_volumes": snapshot.volumes is not None,
        "findings": [dataclasses.asdict(finding) for finding in snapshot.findings],
        "notes": list(snapshot.notes),
        "sha256": hashlib.sha256(prices).hexdigest(),
    }


def _snapshot(table: pl.DataFrame, manifest: dict[str, Any]) -> MarketSnapshot:
    assets = tuple(manifest["assets"])
    dates = np.array(manifest["dates"], dtype=np.int64).astype("datetime64[D]")
    volumes = _wide(table, "volume", assets, dates) if manifest["has_volumes"] else None
    return MarketSnapshot(
        pricing_pack_id=manifest["pricing_pack_id"],
        as_of=date.fromisoformat(manifest["as_of"]),
        asset_ids=assets,
        dates=dates,
        prices=_wide(table, "close", assets, dates),
        volumes=volumes,
        source=manifest["source"],
        adjustment=manifest["adjustment"],
        findings=tuple(
            Finding(**(f | {"date": date.fromisoformat(f["date"]) if f["date"] else None})) for f in manifest["findings"]
        ),
        notes=tuple(manifest.get("notes", ())),
    )


def _wide(table: pl.DataFrame, column: str, assets: tuple[str, ...], dates: npt.NDArray[np.datetime64]) -> Matrix:
    values = table[column].to_numpy()
    shape = (len(dates), len(assets))
    if table.height == len(dates) * len(assets):  # complete and sorted: the rows are the panel already
        return frozen(np.ascontiguousarray(values.reshape(shape[::-1]).T))
    columns = table["asset_id"].cast(pl.Enum(list(assets))).to_physical().to_numpy().astype(np.intp)
    rows = np.searchsorted(dates, table["date"].to_numpy())
    wide = np.full(shape, np.nan)
    wide[rows, columns] = values
    return frozen(wide)


def _has_manifest(folder: Path) -> bool:
    return not PACK_ID.fullmatch(folder.name) or (folder / MANIFEST).is_file()


def signed(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with the SHA-256 of everything else in it."""
    rest = {name: value for name, value in manifest.items() if name != SIGNATURE}
    return {**rest, SIGNATURE: hashlib.sha256(canonical_json(rest)).hexdigest()}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno in NOT_ALLOWED:
            what = f"pricing pack file {path.parent.name}/{path.name} cannot be read"
            raise storage_error(what, path.parent.name, error, field="pricing_pack_id") from error
        raise _damaged(path, error.strerror or str(error)) from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"pricing pack file {path.parent.name}/{path.name} is damaged: {why}",
        field="pricing_pack_id",
        value=path.parent.name,
        measured={"file": f"{path.parent.name}/{path.name}"},
        fixes=[MEND],
    )
