"""The page of a run: kept under the home of this installation by the run's id, and written again whenever somebody asks.

No place of it is on record: a home that was moved, or that is mounted elsewhere today, still finds its reports.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.job import THROUGH_TIME
from portopt.domain.run import RunRecord

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def report_place(run_id: str, runtime: Runtime) -> Path:
    """Where the page of a run belongs, be it there or not."""
    return runtime.settings.reports_path / f"{run_id}.html"


def kept_report(run_id: str, runtime: Runtime) -> Path | None:
    """The page of a run, None where there is none: `portopt report` makes it from the document."""
    path = report_place(run_id, runtime)
    return path if path.is_file() else None


def page_of(record: RunRecord, runtime: Runtime) -> str:
    """The page of a run that has a document, with how it was chosen, where it was."""
    if record.kind in THROUGH_TIME:
        from portopt.reports.through_time import page

        return page.html(record.document or {})
    from portopt.reports.page import html

    return html(record.document or {}, chosen=_chosen(record, runtime))


def _chosen(record: RunRecord, runtime: Runtime) -> str:
    from portopt.document.chosen import chosen_sentence

    found = runtime.choices.selected_as([record.run_id]).get(record.run_id)
    return "" if found is None else chosen_sentence(found)


def keep_report(record: RunRecord, runtime: Runtime, text: str | None = None) -> None:
    """Write the page of a run where it is not there yet. text: the document's canonical one, where it is at hand.

    One that cannot be written holds nothing up.
    """
    if record.document is not None and kept_report(record.run_id, runtime) is None:
        write_report_again(record, runtime, text)


def write_report_again(record: RunRecord, runtime: Runtime, text: str | None = None) -> None:
    """The same over a page that is there: how a run was chosen is put on record after it was made."""
    from portopt.analysis import Attempts

    document, said = record.document, Attempts()
    if document is None:
        return
    said.attempt("the report", lambda: _write(record, document, runtime, text))
    for left in said.left_out:
        logging.getLogger(__name__).warning("%s", left.sentence)


def _write(record: RunRecord, document: Mapping[str, Any], runtime: Runtime, text: str | None) -> None:
    path = report_place(record.run_id, runtime)
    if record.kind in THROUGH_TIME:
        from portopt.reports.through_time.page import write_backtest_report

        write_backtest_report(document, path)
        return
    from portopt.reports.page import write_report

    write_report(document, path, text, _chosen(record, runtime))
