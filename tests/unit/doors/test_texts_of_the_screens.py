"""Whatever the store can tell of has its word on the screens: a portfolio in a rare state must not be the end of a page."""

from __future__ import annotations

from enum import StrEnum
from types import SimpleNamespace

import pytest

from portopt.domain.afterwards import Verdict
from portopt.domain.approval import ApprovalState
from portopt.domain.desk import Stage, Tile
from portopt.domain.run import RunStatus
from portopt.domain.watch import Severity
from portopt.domain.wave import WaveKind
from portopt.doors.console.texts import texts
from portopt.doors.wire.answers.waves import STATES

T = texts()


def told(kind: type[StrEnum]) -> set[str]:
    return {one.value for one in kind}


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        (T.desk.stages, told(Stage)),
        (T.desk.looks, told(Stage) - {"none"}),
        (T.desk.tiles, told(Tile)),
        (T.status, told(ApprovalState) | told(RunStatus)),
        (T.severities, told(Severity)),
        (T.wave_kinds, told(WaveKind)),
        (T.afterwards, told(Verdict) - {"not distinguishable"}),
        (T.states, set(STATES)),
    ],
    ids=["stages", "looks", "tiles", "status", "severities", "wave kinds", "verdicts", "states"],
)
def test_every_value_has_its_word(where: SimpleNamespace, wanted: set[str]) -> None:
    assert wanted <= set(vars(where)), wanted - set(vars(where))
