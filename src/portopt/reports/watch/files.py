"""Figures as files: CSV for a spreadsheet, Parquet for long histories."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from portopt.domain.canonical import plain
from portopt.domain.watch import Figure
from portopt.reports.files.exports import csv_cell

OF_A_STEP = ("measured", "lowest", "highest", "mean")  # of one that stands for a step of long ago; empty elsewhere
FIGURE_COLUMNS = ("name", "subject", "portfolio", "at", "value", "limit", "why", "detail", *OF_A_STEP)


def figures_csv(figures: Iterable[Figure]) -> bytes:
    """One line a figure. Text a spreadsheet would run as a formula gets a leading '; what is unknown is empty, with why."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FIGURE_COLUMNS)
    for row in map(_row, figures):
        writer.writerow([csv_cell(row[name]) for name in FIGURE_COLUMNS])
    return out.getvalue().encode()


def figures_parquet(figures: Iterable[Figure]) -> bytes:
    """The same in columns; `at` is an instant in UTC."""
    import polars as pl

    rows = list(figures)
    texts = {name: [_row(f)[name] for f in rows] for name in ("name", "subject", "portfolio", "why", "detail")}
    frame = pl.DataFrame(
        {
            **texts,
            "at": pl.Series([f.at for f in rows], dtype=pl.Datetime("us", "UTC")),
            "value": pl.Series([f.value for f in rows], dtype=pl.Float64),
            "limit": pl.Series([f.limit for f in rows], dtype=pl.Float64),
            **{
                name: pl.Series(
                    [getattr(f.spread, name, None) for f in rows], dtype=pl.Int64 if name == "measured" else pl.Float64
                )
                for name in OF_A_STEP
            },
        },
        schema_overrides=dict.fromkeys(texts, pl.String),
    ).select(FIGURE_COLUMNS)
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd")
    return out.getvalue()


def _row(figure: Figure) -> Mapping[str, Any]:
    detail = json.dumps(plain(dict(figure.detail)), ensure_ascii=False) if figure.detail else ""
    return {
        "name": figure.name, "subject": figure.subject, "portfolio": figure.portfolio_id or "",
        "at": figure.at.isoformat().replace("+00:00", "Z"), "value": figure.value, "limit": figure.limit,
        "why": figure.why, "detail": detail, **{name: getattr(figure.spread, name, None) for name in OF_A_STEP},
    }  # fmt: skip
