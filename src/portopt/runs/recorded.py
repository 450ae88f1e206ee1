"""Requests of a release on record, and the same requests answered by another: the same bytes, or a change with a name.

    recorded/
      release.json            which version answered, and how many runs there are
      RUN.zip                 each run as `runs/bundle.py` packs it: request, prices, document, versions

A gate for a roll-out: the new code answers what the old one did, from the archives alone, in a home of nobody's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.canonical import canonical_json
from portopt.domain.errors import FileNotReadable, MissingInput, PortoptError
from portopt.domain.run import RunRecord, RunStatus
from portopt.reports.files.exports import write_whole
from portopt.runs.bundle import bundle, replay_bundle, versions

if TYPE_CHECKING:
    from portopt.runtime import Runtime

RELEASE = "release.json"
ANSWERED = (RunStatus.COMPLETED, RunStatus.AWAITING_APPROVAL, RunStatus.SUPERSEDED)
PAGE = 200
MOST_DIFFERENCES = 100_000  # of a run; more is taken for more than any field that may change


@dataclass(frozen=True, slots=True)
class Answered:
    """One recorded run, answered again. same: to the byte. changed: fields of the document, with both values.

    refused: the problem, where the new code gives no answer.
    """

    run_id: str
    same: bool
    changed: Sequence[Mapping[str, Any]] = ()
    refused: Mapping[str, Any] | None = None


def record(runtime: Runtime, folder: Path, limit: int) -> list[str]:
    """The newest rebalances that have a document, an archive each, of as many kinds as there are; their ids.

    Of runs that ask the same of the same policy the newest is taken first, then the next of each, until there are `limit`.
    Raises MissingInput where there are none.
    """
    chosen = _spread(list(_answered(runtime)), limit)
    if not chosen:
        fixes = ["make some: `portopt demo`, or a wave; then record them"]
        raise MissingInput("no rebalance with a document is on record: there is nothing to answer again", fixes=fixes)
    for line in chosen:
        write_whole(folder / f"{line.run_id}.zip", bundle(runtime.runs.get(line.run_id), runtime))
    told = {"versions": versions(), "runs": [line.run_id for line in chosen]}
    write_whole(folder / RELEASE, canonical_json(told))
    return [line.run_id for line in chosen]


def _answered(runtime: Runtime) -> Iterator[RunRecord]:
    """Newest first, as lines."""
    after: str | None = None
    while page := runtime.runs.runs(kind="rebalance", limit=PAGE, after=after) if runtime.has_store else ():
        yield from (line for line in page if line.status in ANSWERED)
        after = page[-1].run_id


def _spread(lines: Sequence[RunRecord], limit: int) -> list[RunRecord]:
    """A turn for every policy before any has a second one."""
    seen = Counter[str]()
    ranked = list[tuple[int, int, RunRecord]]()
    for line in lines:
        policy = str((line.request.get("policy") or {}).get("id"))
        ranked.append((seen[policy], len(ranked), line))
        seen[policy] += 1
    return [line for _, _, line in sorted(ranked, key=lambda each: each[:2])[:limit]]


def gate(folder: Path) -> tuple[Mapping[str, Any], list[Answered]]:
    """(what answered them first, each answered again by this code). Raises FileNotReadable for a folder that holds none."""
    try:
        release = json.loads((folder / RELEASE).read_text(encoding="utf-8"))
        runs = [str(run_id) for run_id in release["runs"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{RELEASE}: {error.strerror}" if isinstance(error, OSError) else f"{RELEASE} is no such file"
        raise FileNotReadable(
            f"{folder} holds no recorded requests ({why})", field="RECORDED", value=str(folder),
            fixes=["`portopt record-requests FOLDER`, by the release that is in use, makes one"],
        ) from None  # fmt: skip
    return release["versions"], [_again(folder / f"{run_id}.zip", run_id) for run_id in runs]


def _again(archive: Path, run_id: str) -> Answered:
    try:
        found = replay_bundle(archive, MOST_DIFFERENCES)
    except PortoptError as error:
        return Answered(run_id, same=False, refused=error.problem())
    return Answered(run_id, bool(found["same"]), found["differences"])


def is_open(answered: Sequence[Answered], allowed: Collection[str]) -> bool:
    """Whether every run is the same, or differs in allowed fields alone."""
    return all(each.same or _is_allowed(each, frozenset(allowed)) for each in answered)


def _is_allowed(each: Answered, allowed: frozenset[str]) -> bool:
    listed = 0 < len(each.changed) < MOST_DIFFERENCES
    return each.refused is None and listed and {field_of(line["path"]) for line in each.changed} <= allowed


def document_of(folder: Path, made_by: Mapping[str, Any], answered: Sequence[Answered]) -> dict[str, Any]:
    """What the gate found, as data: which fields changed, in how many runs, with an example of each."""
    fields = Counter(field_of(line["path"]) for each in answered for line in each.changed)
    examples = {field_of(line["path"]): {"run_id": each.run_id, **line} for each in reversed(answered) for line in each.changed}
    return {
        "recorded": str(folder),
        "made_by": dict(made_by),
        "answered_by": versions(),
        "runs": len(answered),
        "same": sum(each.same for each in answered),
        "changed": sum(not each.same and each.refused is None for each in answered),
        "refused": [{"run_id": e.run_id, "problem": e.refused} for e in answered if e.refused is not None],
        "fields": [{"field": name, "times": count, "example": examples[name]} for name, count in fields.most_common()],
    }


def field_of(path: str) -> str:
    """Without its numbers: `trades[3].shares` and `trades[4].shares` are one field.

    >>> field_of("trades[3].shares"), field_of("figures.2.after")
    ('trades[].shares', 'figures[].after')
    """
    parts = path.replace("[", ".[").split(".")
    return ".".join("[]" if part.startswith("[") or part.isdigit() else part for part in parts).replace(".[]", "[]")
