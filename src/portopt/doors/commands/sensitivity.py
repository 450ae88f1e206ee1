"""How the optimal weights move with the question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.doors.commands.columns import table
from portopt.doors.commands.documents import read_strategy_request
from portopt.doors.commands.options import Request, Within, deadline
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


def sensitivity(request: Request, within: Within = None, as_json: Json = False) -> Shown:
    """How the optimal weights move with every binding limit, risk aversion and expected returns, and how far that holds."""
    from portopt.document.sensitivity import moves_document
    from portopt.doors.commands.progress import working
    from portopt.questions.sensitivity import sensitivity as moved
    from portopt.runs import answers

    asked = read_strategy_request(request)
    with working("move every limit"):
        document = moves_document(moved(asked, until=deadline(within)))
    answers.keep("sensitivity", asked, document)
    return Shown(document, lambda console: _print_sensitivity(document, console))


def _print_sensitivity(document: dict[str, Any], console: Console) -> None:
    from portopt.document.prices import amount_in_words

    rows = []
    for d in [*([document["to_risk_aversion"]] if document["to_risk_aversion"] else []), *document["to_limits"]]:
        name = f"{d['limit']} {d['member']}".strip() or d["parameter"].replace("_", " ")
        most = sorted(d["weights"].items(), key=lambda item: -abs(item[1]))[:3]
        worth = "" if d["worth_per_unit"] is None else amount_in_words(d["worth_per_unit"], d["worth_unit"])
        reach = f"{_reach(d['down'])} … {_reach(d['up'])}"
        rows.append([name, worth, reach, ", ".join(f"{a} {slope:+.3f}" for a, slope in most)])
    table(console, ["Per unit of", "worth at the margin", "holds down … up", "moves most"], rows)
    for spot in document["degenerate"]:
        console.print(f"note: {spot}", markup=False, style="dim")
    if document["is_unique"] is False:
        console.print("note: other weights are as good", style="dim")
    if document["whole_numbers_stay"]:
        console.print("note: beside the whole numbers that the answer has; they open in steps", style="dim")
    for left in document["left_out"]:
        console.print(left["sentence"], markup=False, style="yellow")


def _reach(distance: float | None) -> str:
    return "∞" if distance is None else f"{distance:.4g}"
