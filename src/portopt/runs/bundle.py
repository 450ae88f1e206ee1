"""A run as one archive that somebody else can work out again, to the same bytes: for support, and without secrets.

run.json        which run it is and how it ended      request.json    what was asked, whole
document.json   the answer, its canonical bytes       pack/…          the prices, as they are kept
versions.json   of this product and its numerics      settings.json   which there are, and the plain ones' values
"""

from __future__ import annotations

import io
import json
import platform
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.document.difference import first_differences
from portopt.domain.canonical import canonical_json, plain
from portopt.domain.errors import FileNotReadable, MissingInput
from portopt.domain.run import RunRecord, RunStatus, digest_of
from portopt.runs.history import worked_out_again

if TYPE_CHECKING:
    from portopt.runtime import Runtime
    from portopt.settings import Settings

PARTS = ("run.json", "request.json", "document.json", "versions.json", "settings.json")
PACK = "pack/"
NUMERICS = ("numpy", "scipy", "piqp", "clarabel", "highspy", "polars")
PRODUCT = "portfolio-optimization-service"
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every entry: the same run is the same archive
MOST_BYTES = 1 << 29  # of an archive, unpacked
BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, EOFError, NotImplementedError, RecursionError)
PLAIN = (int, float, bool)
WORDS = ("market", "events", "access", "calendar")  # settings whose values are words of ours
LINE = ("run_id", "kind", "portfolio_id", "status", "pricing_pack_id", "as_of", "created_at", "completed_at", "document_digest",
        "problem", "timings")  # fmt: skip


def bundle(record: RunRecord, runtime: Runtime) -> bytes:
    """The archive. Raises MissingInput for a run that has no document, DataError for a damaged pack."""
    if record.document is None:
        raise MissingInput(f"{record.run_id} has no document: it is {record.status.value}", field="run", value=record.run_id)
    parts: dict[str, bytes] = {
        "run.json": canonical_json({name: getattr(record, name) for name in LINE}),
        # As it was asked, not sorted: the order of limits is the order of a program's rows, and its last digits depend on it.
        "request.json": json.dumps(plain(record.request), ensure_ascii=False, allow_nan=False).encode(),
        "document.json": canonical_json(record.document),
        "versions.json": canonical_json(versions()),
        "settings.json": canonical_json(settings_told(runtime.settings)),
    }
    if record.pricing_pack_id is not None:
        files = runtime.packs.files(record.pricing_pack_id)
        parts |= {f"{PACK}{name}": content for name, content in sorted(files.items())}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def versions() -> dict[str, str]:
    """Of whatever may change a last digit."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in (PRODUCT, *NUMERICS):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def settings_told(settings: Settings) -> dict[str, Any]:
    """Every setting by name: numbers and words of ours as they are, of anything else only whether it is set."""
    told: dict[str, Any] = {}
    for name in sorted(type(settings).model_fields):
        value = getattr(settings, name)
        is_plain = isinstance(value, PLAIN) or name in WORDS
        told[name] = value if is_plain else "unset" if value is None else "set"
    return told


def replay_bundle(path: Path, most: int = 10) -> dict[str, Any]:
    """Work the run of an archive out again, here, on nothing but what is in it. The same answer as `history.replay` gives.

    most: differences that are listed. Raises FileNotReadable for what is no such archive, DataError for a pack that is not what
    its id says.
    """
    parts = _opened(path)
    line, document = parts["run.json"], parts["document.json"]
    record = _record(path, line, parts["request.json"], document)
    with tempfile.TemporaryDirectory(prefix="portopt-bundle-") as folder:
        from portopt.adapters.store.packs import FilePackStore

        packs = FilePackStore(folder)
        packs.restore(record.pricing_pack_id or "", parts["pack"])
        replayed = plain(worked_out_again(record, record.pricing_pack_id or "", packs))
    stored, again = digest_of(document), digest_of(replayed)
    return {
        "run_id": record.run_id,
        "pricing_pack_id": record.pricing_pack_id,
        "same": stored == again == record.document_digest,
        "digest": record.document_digest,
        "stored_digest": stored,
        "replayed_digest": again,
        "differences": [] if stored == again else first_differences(document, replayed, most),
        "mended": False,
        "made_with": parts["versions.json"],
        "worked_out_with": versions(),
    }


def _opened(path: Path) -> dict[str, Any]:
    """The parts by name, `pack` the files of the pack. Nothing is unpacked under a name of the archive's own."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise ValueError(f"it unpacks to more than {MOST_BYTES:,} bytes")
            found: dict[str, Any] = {name: json.loads(archive.read(name)) for name in PARTS}
            names = [name for name in archive.namelist() if name.startswith(PACK)]
            return {**found, "pack": {name.removeprefix(PACK): archive.read(name) for name in names}}
    except BROKEN as error:
        fix = "GET /api/v1/runs/{run_id}/bundle writes one"
        raise FileNotReadable(
            f"{path}: not a bundle of a run: {error}", field="bundle", value=str(path), fixes=[fix]
        ) from error


def _record(path: Path, line: Mapping[str, Any], request: Mapping[str, Any], document: Mapping[str, Any]) -> RunRecord:
    from portopt.dialects.exact import read_date

    try:
        created = line["created_at"]
        record = RunRecord(
            run_id=line["run_id"], kind=line["kind"], portfolio_id=line["portfolio_id"], status=RunStatus(line["status"]),
            request=request, pricing_pack_id=line["pricing_pack_id"], as_of=read_date(line["as_of"], "as_of"),
            created_at=created, document=document, document_digest=line["document_digest"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise FileNotReadable(f"{path}: its run.json lacks {error}", field="bundle", value=str(path)) from error
    if record.kind != "rebalance" or record.pricing_pack_id is None:
        raise MissingInput(f"{record.run_id} is no rebalance: it rests on no prices that could be replayed", field="bundle")
    return record


def as_text(told: Mapping[str, Any]) -> str:
    """Which versions differ, in words; empty where none does."""
    made, here = told["made_with"], told["worked_out_with"]
    apart = [f"{name} {made[name]} there, {here.get(name)} here" for name in made if made[name] != here.get(name)]
    return ", ".join(apart)
