"""Files that are past their days: packs, pages, the tables of backtests. What goes is out of its place before it is deleted."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from portopt.adapters.store.packs import DAMAGED, PACK_ID
from portopt.domain.retention import Going

FILES_OF_A_PACK = 2
ASIDE = f"{DAMAGED}old-"  # `portopt doctor` knows it for litter


class FileRemovals:
    """Implements ports.retention.Removals on the folders of a home."""

    def __init__(self, packs: Path, reports: Path, histories: Path) -> None:
        self._packs, self._reports, self._histories = packs, reports, histories

    def past_packs(self, before: datetime) -> Sequence[Going]:
        """Packs that nobody wrote, or found as they were to be written, since then."""
        self._put_back_or_finish()
        old = (folder for folder in _entries(self._packs) if PACK_ID.fullmatch(folder.name) and _changed(folder) < before)
        return [Going("pack", folder.name, "no run rests on it", _size(folder)) for folder in old]

    def remove_pack(self, pricing_pack_id: str, before: datetime, is_needed: Callable[[], bool]) -> bool:
        """Out of the way first, then asked once more, then gone; False where it was needed by then, or younger."""
        folder = self._packs / pricing_pack_id
        if not PACK_ID.fullmatch(pricing_pack_id) or not folder.is_dir() or _changed(folder) >= before:
            return False
        aside = self._packs / f"{ASIDE}{secrets.token_hex(4)}-{pricing_pack_id}"
        folder.rename(aside)
        if is_needed() or _changed(aside) >= before:
            _back(aside, folder)
            return False
        shutil.rmtree(aside, ignore_errors=True)
        return True

    def _put_back_or_finish(self) -> None:
        """What a removal that was killed left aside goes back, whole as it is, and is looked at like any other."""
        for aside in _entries(self._packs):
            if aside.name.startswith(ASIDE):
                _back(aside, self._packs / f"pack-{aside.name.rpartition('pack-')[2]}")

    def past_reports(self, before: datetime) -> Sequence[Going]:
        pages = (page for page in _entries(self._reports) if page.suffix == ".html" and _changed(page) < before)
        return [Going("report", page.stem, "`portopt report` writes it again from the document", _size(page)) for page in pages]

    def remove_report(self, run_id: str) -> None:
        (self._reports / f"{run_id}.html").unlink(missing_ok=True)

    def history_of(self, run_id: str) -> Going | None:
        """The tables that a backtest left, where there are any."""
        folder = self._histories / f"run_id={run_id}"
        return Going("history", run_id, "its run goes", _size(folder)) if folder.is_dir() else None

    def remove_history(self, run_id: str) -> None:
        shutil.rmtree(self._histories / f"run_id={run_id}", ignore_errors=True)


def _entries(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.iterdir()) if folder.is_dir() else ())


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _back(aside: Path, folder: Path) -> None:
    """Where a whole one stands there again, the one aside is the same and goes; half of one is no pack and goes too."""
    with suppress(OSError):
        if len(list(aside.iterdir())) == FILES_OF_A_PACK:
            aside.rename(folder)
            return
    shutil.rmtree(aside, ignore_errors=True)
