"""A home is a folder: moved, or mounted elsewhere, it has the runs and the reports that it had."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import small_book

from portopt.domain.canonical import canonical_text, plain
from portopt.runs import history
from portopt.runs.report import kept_report
from portopt.runtime import Runtime
from portopt.settings import Settings


def opened(home: Path) -> Runtime:
    return Runtime(Settings(home=home))


def test_a_home_that_was_moved_still_finds_its_reports_and_shows_where_they_are_now(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    record = small_book.rebalance(opened(before))
    page = kept_report(record.run_id, opened(before))
    assert page is not None
    written = page.read_bytes()
    before.rename(after)

    (line,) = history.runs(opened(after))
    assert line["report_path"] == str(after / "reports" / f"{record.run_id}.html")
    assert Path(line["report_path"]).read_bytes() == written
    again = history.report(record.run_id, opened(after))
    assert again["report_path"] == line["report_path"]
    assert page.parent.parent == before
    assert not before.exists()

    Path(line["report_path"]).unlink()
    assert [run["report_path"] for run in history.runs(opened(after))] == [None]
    small_book.rebalance(opened(after))
    assert Path(line["report_path"]).read_bytes() == written


def test_no_row_of_the_store_names_the_folder_it_is_in(tmp_path: Path) -> None:
    record = small_book.rebalance(opened(tmp_path / "a-home-to-look-for"))
    assert "a-home-to-look-for" not in canonical_text(plain(record))  # a long document is folded in its row
    connection = sqlite3.connect(tmp_path / "a-home-to-look-for" / "portopt.db")
    tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
    rows = {table: [str(row) for row in connection.execute(f"select * from {table}")] for table in tables}
    connection.close()
    assert len(rows["runs"]) == 1
    assert [table for table, found in rows.items() if any("a-home-to-look-for" in row for row in found)] == []
