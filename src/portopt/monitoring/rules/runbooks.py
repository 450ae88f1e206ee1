"""The pages that say what to do: one an alert, in docs/runbooks and in the package; a deployment's own beside its rules."""

from __future__ import annotations

from pathlib import Path

from portopt.domain.config_files import PACKAGED

SHIPPED = (PACKAGED / "runbooks", Path(__file__).parents[4] / "docs" / "runbooks")


def runbook_names(own: Path | None = None) -> frozenset[str]:
    """own: a deployment's file or folder of rules."""
    return frozenset(page.stem for folder in _folders(own) for page in folder.glob("*.md"))


def runbook_text(name: str, own: Path | None = None) -> str | None:
    """A page as Markdown, the deployment's own before the shipped one; None where there is none (an address elsewhere)."""
    for folder in _folders(own):
        page = folder / f"{name}.md"
        if page.parent == folder and page.is_file():
            return page.read_text(encoding="utf-8")
    return None


def _folders(own: Path | None) -> tuple[Path, ...]:
    beside = [] if own is None else [(own if own.is_dir() else own.parent) / "runbooks"]
    return tuple(folder for folder in (*beside, *SHIPPED) if folder.is_dir())
