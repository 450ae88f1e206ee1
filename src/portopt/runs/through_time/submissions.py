"""A backtest or a walk-forward that is asked for now and worked out later: which job it is, and putting it on record once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.domain.canonical import digest
from portopt.domain.errors import InvalidValue
from portopt.domain.job import Job
from portopt.domain.run import RunStatus
from portopt.runs.submissions import AskedFor, new_id, put_once
from portopt.runs.through_time.question import PREFIXES, Question, question_from_data, question_to_data

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def submit(question: Question, body: Mapping[str, Any], runtime: Runtime, asked_for: AskedFor, *, names_its_data: bool) -> Job:
    """The job on record: this one, or the equal one that was asked for before.

    body: what was asked, word for word. names_its_data: whether the same words mean the same data tomorrow.
    Raises InvalidValue for what could not be stored and read back, KeyReused.
    """
    question = accepted(question)
    hashed = digest(dict(body), question.identity(), question.provider)
    prefix = PREFIXES[question.kind]
    job = Job(
        job_id=new_id(prefix, hashed),
        kind=question.kind,
        portfolio_id=question.portfolio_id,
        status=RunStatus.PENDING,
        body=dict(body),
        request=question_to_data(question),
        request_digest=hashed,
        holdings_version=0,
        created_at=datetime.now(UTC),
        asked_by=asked_for.by,
        correlation_id=asked_for.correlation_id,
        idempotency_key=asked_for.idempotency_key,
    )
    return put_once(job, prefix, runtime, names_its_data=names_its_data)


def accepted(question: Question) -> Question:
    """The question as it will be read again: what cannot be stored and read back is refused before any work is done."""
    again = question_from_data(json.loads(json.dumps(question_to_data(question))))
    if question_from_data(json.loads(json.dumps(question_to_data(again)))).identity() != again.identity():
        why = "reads otherwise once it is stored: it could not be worked out again"
        raise InvalidValue("request", question.portfolio_id, why)
    return again
