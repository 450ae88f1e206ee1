"""The run form of the on-demand deployment as Prefect's own interface shows it to a person."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest
from integration.browser.devtools import Browser
from support import REPOSITORY, environment

from portopt.doors.form import RebalanceForm

READY = 'document.body.innerText.includes("Validate parameters")'
SUBMIT = '[...document.querySelectorAll("button")].find((b) => b.innerText.trim() === "Submit").click()'


@pytest.fixture(scope="module")
def form(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the form, deployed as prefect.yaml says."""
    env = environment(tmp_path_factory.mktemp("form"), prefect_server)
    httpx.post(f"{prefect_server}/work_pools/", json={"name": "portopt", "type": "process"}, timeout=60)  # 409: it is there
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(command, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = httpx.get(f"{prefect_server}/deployments/name/rebalance/on-demand").raise_for_status().json()
    return f"{prefect_server.removesuffix('/api')}/deployments/deployment/{found['id']}/run"


def titles() -> list[str]:
    fields = RebalanceForm.model_json_schema()["properties"].values()
    return [field["title"] for field in sorted(fields, key=lambda field: field["position"])]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_form_shows_every_field_in_order_with_its_words(browser: Browser, form: str, width: int) -> None:
    words = [field.description for field in RebalanceForm.model_fields.values()]
    with browser.page(width) as page:
        page.open(form)
        page.wait_for(READY, 60)
        page.wait_for(f"{json.dumps(words)}.every((text) => document.body.innerText.includes(text))")  # they come one by one
        shown = page.ask("document.body.innerText")

    places = [shown.find(f"\n{title} (Optional)\n") for title in titles()]
    assert -1 not in places, [title for title, place in zip(titles(), places, strict=True) if place < 0]
    assert places == sorted(places)
    assert 'Property is type "None"' not in shown


def test_the_form_as_it_stands_is_accepted_and_orders_the_sample_book(browser: Browser, form: str) -> None:
    api, deployment = form.split("/deployments/")[0] + "/api", form.split("/")[-2]

    def runs() -> dict[str, dict]:
        found = httpx.post(f"{api}/flow_runs/filter", json={"deployments": {"id": {"any_": [deployment]}}})
        return {run["id"]: run["parameters"]["order"] for run in found.raise_for_status().json()}

    before = runs()
    with browser.page() as page:
        page.open(form)
        page.wait_for(READY, 60)
        page.ask(SUBMIT)
        page.wait_for('!location.pathname.endsWith("/run")')

    ((run, order),) = ((run, order) for run, order in runs().items() if run not in before)
    httpx.delete(f"{api}/flow_runs/{run}")
    assert set(order) == set(RebalanceForm.model_fields)
    assert RebalanceForm.model_validate(order) == RebalanceForm()
