"""What a person decides about the proposals of a wave together, but for exceptions: each by the record of a single decision.

Who decides again changes nothing that is decided; what was not reached, or was killed on the way, is decided the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import InvalidValue, OutsideError, PortoptError
from portopt.domain.run import RunStatus
from portopt.domain.wave import ItemState, WaveItem
from portopt.domain.wave_decision import Left, WaveDecided, WaveDecision
from portopt.runs import decisions

if TYPE_CHECKING:
    from portopt.runtime import Runtime

NAMED = 10  # portfolios that a refusal names
EXCEPTED = "it was excepted"
NOT_REACHED = "it was not reached in the time of this request: decide again"
DONE = {"approve": RunStatus.COMPLETED, "reject": RunStatus.CANCELLED, "request_changes": RunStatus.CANCELLED}


def decide(
    wave_id: str, decision: WaveDecision, runtime: Runtime, sees: Callable[[str], bool], until: Deadline = NEVER
) -> WaveDecided:
    """Each proposal of the wave decided, or left with the reason.

    sees: which portfolios who decides may see; of others nothing is decided and nothing told. until: after it no more is begun.
    Raises InvalidValue for a portfolio that is none of the wave's, and OutsideError where the store does not answer.
    """
    items = [item for item in runtime.waves.items(wave_id) if sees(item.portfolio_id)]
    _require_of_the_wave("except", decision.exceptions, items)
    _require_of_the_wave("portfolios", decision.only or (), items)
    decided, left, already, not_reached = list[WaveItem](), list[Left](), 0, 0
    for item in items:
        if decision.only is not None and item.portfolio_id not in decision.only:
            continue
        if (why := _is_left(item, decision)) is not None:
            left.append(why)
        elif until.is_over:
            left.append(Left(item, NOT_REACHED))
            not_reached += 1
        elif (refused := _decided(item, decision, runtime)) is not None:
            left.append(refused)
        else:
            decided.append(item)
            already += item.status is DONE.get(decision.kind)
    return WaveDecided(decided, already, left, not_reached)


def _is_left(item: WaveItem, decision: WaveDecision) -> Left | None:
    if item.portfolio_id in decision.exceptions:
        return Left(item, EXCEPTED)
    if item.state is ItemState.PROPOSED:
        return None
    why = str((item.problem or {}).get("detail") or f"it is {item.state.value}")
    return Left(item, f"there is no proposal: {why}", item.problem)


def _decided(item: WaveItem, decision: WaveDecision, runtime: Runtime) -> Left | None:
    """Why not; None where it is."""
    try:
        decisions.decide(str(item.run_id), decision.kind, runtime, by=decision.by, said=decision.said, until=decision.until)
    except OutsideError:
        raise
    except PortoptError as error:
        return Left(item, error.detail, error.problem())
    return None


def _require_of_the_wave(field: str, named: Collection[str], items: Sequence[WaveItem]) -> None:
    unknown = sorted(set(named) - {item.portfolio_id for item in items})
    if unknown:
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        raise InvalidValue(field, ", ".join(unknown[:NAMED]) + more, "is none of this wave's portfolios")
