"""What a run leaves in Prefect's interface, from the document of a real rebalance."""

from __future__ import annotations

from decimal import Decimal

from integration.browser.conftest import Report

from portopt.adapters.jobs.artifacts import before_after, proposal_rows


def test_the_proposal_lists_the_orders_as_they_should_go_then_what_is_kept(report: Report) -> None:
    rows = list(proposal_rows(report.document))

    orders = [row for row in rows if row["Side"] != "keep"]
    assert rows[: len(orders)] == orders
    assert [row["Asset"] for row in orders] == [trade["asset_id"] for trade in report.document["trades"]]
    spent = sum(Decimal(row["Cost"].strip("$").replace(",", "")) for row in orders)
    assert spent == Decimal(report.document["headline"]["total_cost"])
    assert all(row["Why"] for row in orders)


def test_before_and_after_says_the_verdict_every_figure_and_every_reason(report: Report) -> None:
    shown = before_after(report.document).replace("\\", "").replace("\xa0", " ")

    for sentence in (report.document["verdict"]["title"], *report.document["verdict"]["sentences"]):
        assert sentence in shown
    for figure in report.document["figures"]:
        assert f"| {figure['label']} |" in shown
    for trade in report.document["trades"]:
        assert f"**{trade['asset_id']}**: {trade['why']}" in shown


def test_names_are_shown_as_they_are_and_make_no_markup(report: Report) -> None:
    trade = report.document["trades"][0] | {"asset_id": "<b>|[x](y)*", "why": "`code` and\\_more"}

    shown = before_after(report.document | {"trades": [trade]})

    assert r"**\<b\>\|\[x\](y)\***: \`code\` and\\\_more" in shown
