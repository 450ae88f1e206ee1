"""A wave as a person fills it in; the run form of the user interface is built from `WaveForm`."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from portopt.domain.errors import MissingInput
from portopt.domain.wave import Wave
from portopt.doors.form_fields import field, optional
from portopt.runs.waves.start import Asked, WaveWish, all_portfolios, deadline_of

if TYPE_CHECKING:
    from portopt.runtime import Runtime

ALL = "all"


class WaveForm(BaseModel):
    """Which portfolios, from which cause, by when. As it stands, every portfolio on record under its own policy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cause: str = field(
        1, "the night", "Cause", "Why all of them: the month ended, a model changed, prices were corrected.",
        min_length=1, max_length=500,
    )  # fmt: skip
    portfolios: str = field(
        2, ALL, "Portfolios", "all: every portfolio on record that has holdings. Or their ids, by commas.", max_length=400_000
    )
    policy: str | None = optional(3, "Policy", "One policy for all of them. Empty: each portfolio's own.", max_length=64)
    provider: str | None = optional(4, "Prices", "Where prices come from. Empty: each portfolio's own source.", max_length=1024)
    as_of: date | None = optional(5, "As of", "Use prices up to this day. Empty: the newest there are.")
    deadline: str | None = optional(
        6, "Deadline", "When proposals must be there: 07:00 is the next one, or an instant with its offset. Empty: none.",
        max_length=40,
    )  # fmt: skip
    zone: str = field(7, "UTC", "Zone", "Whose clocks the deadline is read on: America/New_York.", max_length=60)
    await_approval: bool = field(8, False, "Wait for approval", "On: events wait until each proposal is approved.")
    resume: str | None = optional(
        9, "Wave", "Id of a wave to carry out the rest of; nothing above counts then. Empty: a new one.", max_length=64
    )

    @property
    def title(self) -> str:
        """How a run of it is called among others."""
        return self.resume or self.cause


def recorded(form: WaveForm, runtime: Runtime, now: datetime) -> Wave:
    """The wave that the form names, or a new one, on record. Raises what `runs.waves.start` raises."""
    from portopt.questions.wave import put_on_record

    if form.resume is not None:
        return runtime.waves.get(form.resume)
    named = [name.strip() for name in form.portfolios.split(",") if name.strip()]
    if not named:
        raise MissingInput("no portfolio is named", field="portfolios", fixes=["say all, or ids by commas"])
    asked = all_portfolios(runtime) if named == [ALL] else [Asked(name) for name in named]
    wish = WaveWish(
        form.cause, form.policy, form.provider, form.as_of, deadline_of(form.deadline, form.zone, now), form.await_approval
    )
    return put_on_record(asked, wish, runtime, now)
