"""What a run that goes through time leaves for questions over many of them: its tables as Parquet, beside the document."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from portopt.domain.run import RunRecord

if TYPE_CHECKING:
    from portopt.runtime import Runtime

OF_RUNS = ("run_id", "kind", "portfolio_id", "pricing_pack_id", "as_of", "policy", "capital")


def keep_history(record: RunRecord, runtime: Runtime) -> None:
    """Days, decisions, weights, trades, and a row on the run itself. What cannot be written holds nothing up."""
    from portopt.analysis import Attempts

    document, said = record.document, Attempts()
    if document is None:
        return
    said.attempt("the tables of the history", lambda: runtime.histories.keep(record.run_id, tables_of(record)))
    for left in said.left_out:
        logging.getLogger(__name__).warning("%s", left.sentence)


def tables_of(record: RunRecord) -> dict[str, bytes]:
    """Parquet by the table's name."""
    from portopt.reports.through_time.files.judged_tables import tables_of as tables
    from portopt.reports.through_time.files.writing import parquet_bytes

    document = record.document or {}
    return {"runs": _of_the_run(record), **{table.name: parquet_bytes(table, document) for table in tables(document)}}


def _of_the_run(record: RunRecord) -> bytes:
    import io

    import polars as pl

    asked: Any = record.request.get("asked", {})
    row = {"run_id": record.run_id, "kind": record.kind, "portfolio_id": record.portfolio_id,
           "pricing_pack_id": record.pricing_pack_id, "as_of": record.as_of, "policy": asked["policy"]["id"],
           "capital": float(asked["capital"])}  # fmt: skip
    out = io.BytesIO()
    pl.DataFrame([row], schema_overrides={"pricing_pack_id": pl.String}).select(OF_RUNS[1:]).write_parquet(out)
    return out.getvalue()
