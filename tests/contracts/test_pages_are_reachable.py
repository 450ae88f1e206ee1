"""Every page is reached from the start page or the README, and no link leads nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
START = (REPOSITORY / "README.md", REPOSITORY / "docs" / "README.md")
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
MENTION = re.compile(r"`(docs/[\w/.-]+)`")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def targets(page: Path) -> Iterator[tuple[str, Path, str]]:
    """(as written, file, heading or nothing) of every link of a page inside the repository."""
    text = page.read_text(encoding="utf-8")
    for written in LINK.findall(text):
        if "://" not in written and not written.startswith("mailto:"):
            file, _, heading = written.partition("#")
            yield written, (page.parent / file).resolve() if file else page, heading
    for written in MENTION.findall(text):
        yield written, REPOSITORY / written, ""


def anchors(page: Path) -> set[str]:
    """What its headings are called in an address."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_no_link_leads_nowhere(page: Path) -> None:
    broken = [
        written for written, file, heading in targets(page) if not file.exists() or (heading and heading not in anchors(file))
    ]
    assert broken == []


def test_every_page_is_reached_from_where_one_begins() -> None:
    seen, near = set(), set(START)
    while near:
        seen |= near
        near = {file for page in near if page.suffix == ".md" for _, file, _ in targets(page)} - seen
        near |= {file / "README.md" for file in near if file.is_dir() and (file / "README.md").exists()} - seen
    assert len(seen) > len(PAGES) / 2
    assert [page.relative_to(REPOSITORY).as_posix() for page in PAGES if page not in seen] == []
