"""A table of portfolios becomes deployments, or is refused by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from portopt.domain.errors import PortoptError
from portopt.doors.deployment_files import wanted_from


def read(tmp_path: Path, text: str):
    path = tmp_path / "portfolios.csv"
    path.write_text(text)
    return wanted_from(path)


def test_a_row_is_a_deployment_with_the_fields_that_it_fills(tmp_path: Path) -> None:
    text = (
        "portfolio_id,policy,holdings,provider,approval_hours,cron,timezone,active\n"
        "\n"
        "desk-1,aggressive_growth,books/desk-1.csv,sql,4,30 17 * * 1-5,America/New_York,\n"
        "desk-2,,store,,,,,no\n"
    )
    first, second = read(tmp_path, text)

    assert first.order == {
        "portfolio_id": "desk-1", "policy": "aggressive_growth", "holdings": "books/desk-1.csv", "provider": "sql",
        "approval_hours": 4.0,
    }  # fmt: skip
    assert first.schedules == [{"cron": "30 17 * * 1-5", "timezone": "America/New_York", "active": True}]
    assert (second.name, dict(second.order), second.schedules) == (
        "desk-2", {"portfolio_id": "desk-2", "holdings": "store"}, []
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("portfolio_id,polcy\nd,x\n", "polcy"),
        ("policy\nquality_focused\n", "no column is called portfolio_id"),
        ("portfolio_id,policy\n\nd,nobodys\n", "line 3: policy = 'nobodys'"),
        ("portfolio_id,approval_hours\nd,-1\n", "line 2: approval_hours = '-1'"),
        ("portfolio_id,cron\nd,never\n", "line 2: cron = 'never'"),
        ("portfolio_id,cron,timezone\nd,0 9 * * *,Atlantis\n", "line 2: timezone = 'Atlantis'"),
        ("portfolio_id,active\nd,perhaps\n", "line 2: active = 'perhaps'"),
        ("portfolio_id\nd\nd\n", "d is named more than once"),
        ("portfolio_id,policy\n,quality_focused\n", "line 2: there is no portfolio_id"),
        ("portfolio_id\nd,quality_focused\n", "line 2: has more cells than the first row names"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PortoptError) as refused:
        read(tmp_path, text)
    assert said in refused.value.detail
