"""Factor returns out of files: as published by the data library, people's own tables, or the bundled sample."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from portopt.adapters.providers.factor_tables import table_factors
from portopt.adapters.providers.fama_french import looks_published, published_factors
from portopt.adapters.providers.reading import kind_of, near_files, read_table, unreadable
from portopt.adapters.providers.sample_factors import sample_factors
from portopt.domain.errors import DataError, FileNotReadable, InvalidValue, UnknownField
from portopt.domain.factor_returns import FactorReturns
from portopt.tables.account import Account

FIELD = "estimation.factors.source"
MAX_FILE_BYTES = 64 << 20
KINDS = (".csv", ".txt", ".zip", ".csv.gz", ".parquet")
TABLES = (".csv", ".csv.gz", ".parquet")
OPTIONS = {
    "frequency": ("daily", "monthly", "annual"),
    "unit": ("fraction", "percent"),
    "kind": ("returns", "prices"),
}
NO_SOURCE_NEEDED = ("cross_sectional", "statistical")


def factor_returns_for(factors: Mapping[str, Any]) -> FactorReturns | None:
    """What `estimation.factors` names as its source, read; None where its method needs none or it names none."""
    if not factors or factors.get("method") in NO_SOURCE_NEEDED or factors.get("source") is None:
        return None
    names = factors.get("names")
    return factor_returns(factors["source"], names if isinstance(names, list | tuple) else None)


def factor_returns(source: Any, names: Sequence[str] | None = None) -> FactorReturns:
    """Factor returns by the name of their source.

    Args:
        source: "sample", "file:PATH" (a path alone will do), or {"file": PATH, "frequency": "monthly", "unit": "percent",
        "kind": "prices", "excess": true}. Published files need no options; of their blocks `frequency` picks one.
        names: factors wanted; None for all that are there.
    Raises:
        InvalidValue, UnknownField: a source that is none. FileNotReadable: a file that is not there or not of its kind.
        DataError: what stands in it is no factor return, by line and value.
    """
    options: dict[str, Any] = {}
    if isinstance(source, Mapping):
        for name in source:
            if name not in ("file", "excess", *OPTIONS):
                raise UnknownField(name, ("file", "excess", *OPTIONS), path=FIELD, value=source[name])
        options = _options(source)
        source = source.get("file")
    if not isinstance(source, str) or not source:
        raise InvalidValue(FIELD, source, "must be a name", fix='write "sample" or "file:PATH"')
    if source == "sample":
        return sample_factors(names)
    return read_factor_file(Path(source.removeprefix("file:")), names, **options)


def read_factor_file(
    path: Path,
    names: Sequence[str] | None = None,
    *,
    frequency: str | None = None,
    unit: str = "fraction",
    kind: str = "returns",
    excess: bool | None = None,
) -> FactorReturns:
    """One file. See `factor_returns`."""
    if path.name.lower().endswith(".parquet"):
        return _of_table(path, names, unit=unit, kind=kind, excess=excess)
    text = _text(path)
    if looks_published(text):
        return published_factors(text, path.name, frequency=frequency, names=names)
    if kind_of(path) not in TABLES:
        raise FileNotReadable(
            f"{path}: neither a published factor file nor a table ({', '.join(KINDS)})", field=FIELD, value=str(path)
        )
    return _of_table(path, names, unit=unit, kind=kind, excess=excess)


def _of_table(path: Path, names: Sequence[str] | None, **how: Any) -> FactorReturns:
    said = Account(path.name)
    return table_factors(read_table(path, MAX_FILE_BYTES, said), path.name, names, said=said, **how)


def _options(source: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: source[name] for name in OPTIONS if source.get(name) is not None}
    for name, value in options.items():
        if value not in OPTIONS[name]:
            raise InvalidValue(f"{FIELD}.{name}", value, f"must be one of {', '.join(OPTIONS[name])}")
    excess = source.get("excess")
    if excess is not None and not isinstance(excess, bool):
        raise InvalidValue(f"{FIELD}.excess", excess, "must be true or false")
    return options if excess is None else {**options, "excess": excess}


def _text(path: Path) -> str:
    """The file's text, out of its archive where it comes in one. Raises FileNotReadable; DataError for too large a one."""
    name = path.name.lower()
    if not name.endswith(KINDS):
        fixes = near_files(path, KINDS)
        raise FileNotReadable(
            f"{path}: factor returns are read from {', '.join(KINDS)} files", field=FIELD, value=str(path), fixes=fixes
        )
    try:
        if name.endswith(".zip"):
            content = _unzipped(path)
        else:
            with gzip.open(path) if name.endswith(".gz") else path.open("rb") as stream:
                content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise DataError(f"{path} holds more than {MAX_FILE_BYTES:,} bytes", field=FIELD, value=str(path))
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # the library's older files; every byte is a character there
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and error.strerror:
            raise unreadable(path, error, KINDS, field=FIELD) from error
        raise FileNotReadable(f"{path}: not a readable file: {error}", field=FIELD, value=str(path)) from error


def _unzipped(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        tables = [item for item in archive.infolist() if item.filename.lower().endswith((".csv", ".txt"))]
        if len(tables) != 1:
            raise FileNotReadable(
                f"{path}: {len(tables)} tables in the archive, one is needed", field=FIELD, value=[t.filename for t in tables]
            )
        with archive.open(tables[0]) as stream:
            return stream.read(MAX_FILE_BYTES + 1)
