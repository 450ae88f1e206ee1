"""What the flows need of Prefect beyond tasks: what is worth a retry, how a run ends, what a person approves."""

from __future__ import annotations

from typing import Any, Literal

from prefect.client.schemas.objects import State, TaskRun
from prefect.input import RunInput
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import Field

from portopt.domain.errors import OutsideError, PortoptError, ProposalRejected
from portopt.domain.run import RunRecord

BY_CODE = {"rejected": "Rejected", "superseded": "Superseded"}
ENDINGS = {
    2: "BadRequest",
    3: "Infeasible",
    4: "BadData",
    6: "SearchEnded",
}  # by the exit code that the command line would give


class Approval(RunInput):
    """A person's answer to a proposal. It proposes; nothing leaves before this where approval is asked for."""

    # No default: a form sent off untouched must release nothing.
    decision: Literal["approve", "reject"] = Field(
        title="Decision", description="Approve releases the event; reject keeps the proposal on record."
    )
    note: str = Field("", title="Note", description="Kept with the run.", max_length=500)


async def outside_only(task: Any, task_run: TaskRun, state: State[Any]) -> bool:
    """Retry what the outside world did wrong; our own refusals and a user's mistakes are final."""
    try:
        await state.aresult()
    except OutsideError:
        return True
    except Exception:
        return False
    return False


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


def rejected(record: RunRecord, why: str) -> PortoptError:
    """The end of a proposal that a person did not release."""
    return ProposalRejected(f"proposal {record.run_id} was not released: {why}", field="run", value=record.run_id)


def expired(record: RunRecord, hours: float) -> PortoptError:
    """The end of a proposal that nobody decided about in time."""
    why = f"nobody approved within {hours:g} hours"
    return ProposalRejected(f"proposal {record.run_id} was not released: {why}", field="approval", value=why)


def proposal_summary(record: RunRecord) -> str:
    """What the approver reads: one paragraph of Markdown."""
    document = record.document or {}
    verdict = document.get("verdict", {})
    sentences = "\n\n".join([verdict.get("title", ""), *verdict.get("sentences", [])])
    return f"**{record.run_id}** for **{record.portfolio_id}**\n\n{sentences}"
