"""Alerts: what, since when, how bad, who looks after it; what is pending, what is over, who is not told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count
from portopt.reports.markup.elements import cell, fold, headings, lines, prose, table, text
from portopt.reports.through_time.markup.parts import part, slug, subheading, wide_table
from portopt.reports.watch import words
from portopt.reports.watch.details import details
from portopt.reports.watch.markup.parts import SEVERITY_CHIPS, chip, limit, shown, whole, words_cell
from portopt.reports.watch.markup.parts import row as line

Row = Mapping[str, Any]
MANY = 12  # cards; where there are more, a table says first how many are of which rule
STATE_CHIPS = {"firing": "missed", "unknown": "quarantined", "pending": "short", "resolved": "ok"}


def alerts(document: Row) -> str:
    """Open ones as cards, first of all; where there are many, how many of which rule."""
    found = document["alerts"]
    cards = lines(_card(row, document) for row in found["listed"])
    left = found["total"] - len(found["listed"])
    more = f'<p class="faint">{left:,} more are open; the list by rule counts them all.</p>' if left else ""
    none = "" if found["total"] else f"<p>{prose(_none(document))}</p>"
    lead = "Open ones first: those that wake somebody, then by how long they have been open. Instants are in UTC."
    return part(
        "Alerts",
        lead,
        none,
        _by_rule(document) if found["total"] > MANY else "",
        f'<ol class="alerts">\n{cards}\n</ol>' if cards else "",
        more,
        _quiet(document["silences"]),
        _others("Pending", "Their condition holds, not yet for long enough.", document["pending"]["listed"]),
        _others("Resolved lately", "They were open and are over.", document["resolved"]),
    )


def _none(document: Row) -> str:
    counts = document["counts"]
    if document["is_late"]:
        return "No alert is open, and none could be: the rules were not evaluated lately."
    return "No alert is open." if counts["figures"] else "No alert is open, and nothing is measured yet: this says nothing."


def _card(row: Row, document: Row) -> str:
    title = f"<h3><code>{text(row['rule'])}</code> {_of(row)}</h3>"
    chips = chip(row["severity"], SEVERITY_CHIPS[row["severity"]]) + chip(row["state"], STATE_CHIPS[row["state"]])
    facts = "".join(f"<div><dt>{name}</dt><dd>{told}</dd></div>" for name, told in _facts(row, document))
    said = f"<p>{prose(row['summary'])}</p>" if row["summary"] else ""
    told = details(row["detail"])
    detail = f'<p class="soft">{prose(told)}</p>' if told else ""
    body = lines((f'<p class="chips">{chips}</p>', title, f"{said}{detail}", f"<dl>{facts}</dl>", _care(row)))
    return f'<li class="alert {row["severity"]}">\n{body}\n</li>'


def _of(row: Row) -> str:
    return f'<span class="soft">{text(row["subject"] or "the service")}</span>'


def _facts(row: Row, document: Row) -> list[tuple[str, str]]:
    since = f"{text(words.when(row['since']))} <small>{text(words.ago(row['since'], document['at']))} ago</small>"
    found = [
        ("Since", since),
        ("Measured", shown(row["value"], row["unit"])),
        ("Limit", limit(row["limit"], row["unit"])),
        ("Worst", shown(row["worst"], row["unit"])),
    ]
    if row["blind_since"]:
        found.append(("Blind since", text(words.when(row["blind_since"]))))
    return found


def _care(row: Row) -> str:
    """Who looks after it, who is not told, and what to do."""
    said = []
    if row["acknowledged_by"]:
        note = f": {prose(row['note'])}" if row["note"] else ""
        said.append(f"Looked after by {text(row['acknowledged_by'])} since {text(words.when(row['acknowledged_at']))}{note}")
    else:
        said.append(f"Nobody looks after it yet (<code>portopt alerts ack {text(row['alert_id'])}</code>)")
    if row["silence"]:
        silence = row["silence"]
        said.append(f"silent until {text(words.when(silence['ends']))} by {text(silence['by'])}: {prose(silence['reason'])}")
    if row["inhibited_by"]:
        said.append(f"not told: <code>{text(row['inhibited_by'])}</code> explains it")
    if row["runbook"]:
        said.append(f'<a href="#{slug("runbook " + row["runbook"])}">what to do</a>')
    return f'<p class="care">{"; ".join(said)}.</p>'


def _by_rule(document: Row) -> str:
    rows = (line(_code(row), whole(row["firing"]), whole(row["unknown"])) for row in document["alerts_by_rule"])
    return table("", headings("Rule", "Firing", "Unknown"), rows)


def _code(row: Row) -> str:
    return f"<code>{text(row['rule'])}</code>"


def _quiet(silences: Sequence[Row]) -> str:
    if not silences:
        return ""
    head = headings("Silent", "Until", "By", "Reason", left=4)
    return subheading("Silences in force") + wide_table("Silences in force", "", head, map(_silence, silences))


def _silence(row: Row) -> str:
    matches = ", ".join(f"{name}={value}" for name, value in row["matches"].items()) or "everything"
    ends = words_cell(text(words.when(row["ends"])), "when")
    return line(text(matches), ends, words_cell(text(row["by"])), words_cell(prose(row["reason"])))


def _others(title: str, lead: str, rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    head = headings("Rule", "Of", "Since", "Ended", "Worst", "Limit", left=4)
    under = f'<p class="soft">{prose(lead)}</p>'
    return fold(f"{title}: {count(len(rows), 'alert')}", len(rows), under + wide_table(title, "", head, map(_other, rows)))


def _other(row: Row) -> str:
    about = (row["subject"] or "the service", words.when(row["since"]), words.when(row["resolved_at"]))
    figures = (cell(shown(row["worst"], row["unit"])), cell(limit(row["limit"], row["unit"])))
    return line(_code(row), *(words_cell(text(said)) for said in about), *figures)
