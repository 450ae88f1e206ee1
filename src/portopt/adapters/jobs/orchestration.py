"""What the flows need of Prefect beyond tasks: what is worth a retry, how a run ends, what a person approves."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

from prefect.client.schemas.objects import State, TaskRun
from prefect.input import RunInput
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.tasks import Task
from prefect.utilities.annotations import opaque
from pydantic import Field

from portopt.domain.approval import REASONS
from portopt.domain.errors import OutsideError, PortoptError
from portopt.domain.run import RunRecord

P = ParamSpec("P")
R = TypeVar("R")
BY_CODE = {
    "rejected": "Rejected",
    "superseded": "Superseded",
    "expired": "Expired",
    "changes_requested": "ChangesRequested",
}
ENDINGS = {
    2: "BadRequest",
    3: "Infeasible",
    4: "BadData",
    6: "SearchEnded",
}  # by the exit code that the command line would give


class Approval(RunInput):
    """A person's answer to a proposal. It proposes; nothing leaves before this where approval is asked for."""

    # No default: a form sent off untouched must release nothing.
    decision: Literal["approve", "request_changes", "reject", "hold", "release_hold"] = Field(
        title="Decision",
        description="Approve releases the event; the others keep the proposal on record. Request changes says in the note "
        "what is wanted; hold keeps anybody from approving for a while.",
    )
    reason: Literal[(None, *REASONS)] = Field(  # type: ignore[valid-type]  # written out in domain/approval.py
        None, title="Reason", description="Needed, with a note, where a limit gave way or a trade was edited."
    )
    note: str = Field("", title="Note", description="Kept with the run.", max_length=500)
    hold_hours: float = Field(24.0, title="Hold for hours", description="How long a hold lasts.", gt=0.0, le=8_760.0)


async def outside_only(task: Any, task_run: TaskRun, state: State[Any]) -> bool:
    """Retry what the outside world did wrong; our own refusals and a user's mistakes are final."""
    try:
        await state.aresult()
    except OutsideError:
        return True
    except Exception:
        return False
    return False


def of_values(task: Task[P, R]) -> Callable[P, R]:
    """The task, called with finished values alone.

    Prefect would look through every field of every one of them for what another task has not finished yet.
    """

    @wraps(task.fn)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        wrapped: Callable[..., R] = task
        return wrapped(*map(opaque, args), **{name: opaque(value) for name, value in kwargs.items()})

    return called


def trigger_id() -> str | None:
    """What makes this trigger itself, however often it is run again: the flow run's id."""
    run_id = flow_run.get_id()
    return f"flow-run:{run_id}" if run_id else None


def say(what: str) -> None:
    """A line of the run's log."""
    get_run_logger().info(what)


def skipped(why: str) -> State[Any]:
    """A run that had nothing to do."""
    return Completed(name="Skipped", message=why)


def refused(error: PortoptError) -> State[Any]:
    """A run that ended with an answer that is not a proposal; the name says which kind."""
    name = BY_CODE.get(error.code) or ENDINGS.get(error.exit_code, "Refused")
    fixes = f" Fixes: {'; '.join(error.fixes)}." if error.fixes else ""
    return Failed(name=name, message=f"{error.detail}.{fixes}")


def missed(said: str) -> State[Any]:
    """A wave whose items are ended, some of them after their deadline."""
    return Failed(name="Missed", message=f"deadlines: {said}")


def proposal_summary(record: RunRecord, refusal: str = "") -> str:
    """What the approver reads: a paragraph of Markdown, why it needs a reason, and why the last answer was not taken."""
    document = record.document or {}
    verdict = document.get("verdict", {})
    departures = [] if record.approval is None else [one.said for one in record.approval.departures]
    needs = [f"Approved with a reason and a note alone: {'; '.join(departures)}."] if departures else []
    last = [f"**Not taken:** {refusal}"] if refusal else []
    sentences = "\n\n".join([verdict.get("title", ""), *verdict.get("sentences", []), *needs, *last])
    return f"**{record.run_id}** for **{record.portfolio_id}**\n\n{sentences}"
