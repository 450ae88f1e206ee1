"""The page of a run: written with it, and again from its stored document whenever somebody asks."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

from portopt.domain.run import RunRecord
from portopt.ports import RunStore


def with_report(record: RunRecord, runs: RunStore, folder: Path, text: str | None = None) -> RunRecord:
    """The run with its report, written if it is not there. text: the document's canonical one, where it is at hand.

    One that cannot be written is none on the record, and holds nothing up: `portopt report` makes it from the document.
    """
    from portopt.analysis import Attempts
    from portopt.reports.page import write_report

    document = record.document
    if document is None or (record.report_path is not None and Path(record.report_path).is_file()):
        return record
    path, said = folder / f"{record.run_id}.html", Attempts()
    written = said.attempt("the report", lambda: write_report(document, path, text))
    for left in said.left_out:
        logging.getLogger(__name__).warning("%s", left.sentence)
    if written is None:
        return record
    runs.report_written(record.run_id, str(written))
    return dataclasses.replace(record, report_path=str(written))
