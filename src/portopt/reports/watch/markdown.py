"""Our runbook pages as HTML: headings, paragraphs, lists, tables, code; nothing else of Markdown, and no markup of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

ITEM = re.compile(r"(?:[-*]|\d+\.)\s+")
MARKS = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![*\w])\*([^*]+)\*(?![*\w])"), r"<em>\1</em>"),
    (re.compile(r"\[([^\]]+)\]\([^)\s]+\)"), r"\1"),  # what a link says: the page reaches nothing
)


def html_of(text: str, level: int = 3) -> str:
    """level: of the page's first heading. Whatever is in it is escaped first."""
    return "\n".join(_blocks(text.splitlines(), level))


def _blocks(lines: list[str], level: int) -> Iterator[str]:
    rest = list(lines)
    while rest:
        line = rest[0]
        if not line.strip():
            rest.pop(0)
        elif line.startswith("```"):
            rest.pop(0)
            code = "\n".join(_until(rest, lambda found: found.startswith("```")))
            del rest[:1]
            yield f'<pre tabindex="0"><code>{escape(code)}</code></pre>'
        elif line.startswith("#"):
            depth = min(level + len(line) - len(line.lstrip("#")) - 1, 6)
            yield f"<h{depth}>{_inline(rest.pop(0).lstrip('#').strip())}</h{depth}>"
        elif line.startswith("|"):
            yield _table(_until(rest, lambda found: not found.startswith("|")))
        elif ITEM.match(line):
            yield _list(_until(rest, lambda found: not found.strip()))
        else:
            yield f"<p>{_inline(' '.join(_until(rest, _ends_a_paragraph)))}</p>"


def _until(rest: list[str], ends: Callable[[str], bool]) -> list[str]:
    """Lines up to the first that ends them, taken away."""
    found = []
    while rest and not ends(rest[0]):
        found.append(rest.pop(0))
    return found


def _ends_a_paragraph(line: str) -> bool:
    return not line.strip() or line.startswith(("```", "#", "|")) or ITEM.match(line) is not None


def _list(lines: list[str]) -> str:
    kind = "ul" if lines[0][0] in "-*" else "ol"
    items: list[str] = []
    for line in lines:
        if ITEM.match(line):
            items.append(ITEM.sub("", line, count=1))
        else:
            items[-1] += f" {line.strip()}"
    return f"<{kind}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{kind}>"


def _table(lines: list[str]) -> str:
    rows = [[_inline(cell.strip()) for cell in line.strip().strip("|").split("|")] for line in lines]
    head, body = rows[0], [row for row in rows[1:] if not all(set(cell) <= set("-: ") for cell in row)]
    heads = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    inside = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in body)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{inside}</tbody></table>"


def _inline(text: str) -> str:
    text = escape(text)
    for pattern, shown in MARKS:
        text = pattern.sub(shown, text)
    return text
