"""Certificates of the window's runs, and a sample of its problems as they were solved."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt import pipeline
from portopt.dialects.requests import rebalance_request_from_data
from portopt.domain.errors import PortoptError
from portopt.domain.measured import EndedRun, Paper
from portopt.domain.run import RunRecord
from portopt.formulation import pose
from portopt.monitoring.measures.latency import ANSWERED
from portopt.monitoring.measures.quality import Answered, sample

if TYPE_CHECKING:
    from portopt.runtime import Runtime

CERTIFIED_KINDS = ("rebalance", "optimize")
MOST_PAPERS = 50  # documents of the window that are opened for their certificates, the newest


def papers(runs: Sequence[EndedRun], runtime: Runtime) -> list[Paper]:
    """What the newest certificates say. runs: newest first."""
    certified = [run.run_id for run in runs if run.kind in CERTIFIED_KINDS and run.status in ANSWERED][:MOST_PAPERS]
    found = (_paper(run_id, runtime.runs.get(run_id, verified=False).document or {}) for run_id in certified)
    return [paper for paper in found if paper is not None]


def _paper(run_id: str, document: Mapping[str, Any]) -> Paper | None:
    told = document.get("certificate") or (document.get("portopt") or {}).get("certificate")
    if not isinstance(told, Mapping) or told.get("worst_violation") is None:
        return None
    gap = told.get("relative_gap")
    return Paper(
        run_id=run_id,
        worst_violation=float(told["worst_violation"]),
        worst_limit=str(told.get("worst_limit") or ""),
        relative_gap=None if gap is None else float(gap),
        certified=told.get("verdict", "certified") == "certified",
    )


def answered(runs: Sequence[EndedRun], day: str, runtime: Runtime) -> list[Answered]:
    """A sample of the window's rebalances, each as the problem that was solved and the weights that were its optimum.

    Those whose limits had to give way, or whose prices are gone, are no problem that another could be asked.
    """
    which = sample([run.run_id for run in runs if run.kind == "rebalance" and run.status in ANSWERED], day)
    found = []
    for run_id in which:
        try:
            one = _answered(runtime.runs.get(run_id, verified=False), runtime)
        except (PortoptError, KeyError, ValueError) as error:
            logging.getLogger(__name__).warning("%s is not compared with other engines: %s", run_id, error)
            continue
        if one is not None:
            found.append(one)
    return found


def _answered(record: RunRecord, runtime: Runtime) -> Answered | None:
    document = record.document or {}
    if document.get("relaxations") or document.get("candidates_left_out") or record.pricing_pack_id is None:
        return None
    request = rebalance_request_from_data({name: told for name, told in record.request.items() if name != "asked"})
    problem = pose(request, pipeline.reopen_pack(request, record.pricing_pack_id, runtime.packs))
    targets = {line["asset_id"]: float(line["target_weight"]) for line in document["proposal"]}
    weights = np.array([targets.get(asset, 0.0) for asset in problem.universe.ids])
    return Answered(record.run_id, problem, weights)
