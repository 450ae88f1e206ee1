"""Settings come from what is given, the environment, `.env` and the defaults, in that order, as pydantic-settings has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict

from portopt.domain.errors import RequestError
from portopt.runtime import open_runtime
from portopt.settings import Settings

DOTENV = """
# a comment
PORTOPT_MARKET=files
export PORTOPT_MARKET_PATH="prices of ${YEAR}.csv"
portopt_calendar = XLON
PORTOPT_MARKET_TOKEN='a # b'
PORTOPT_NOBODY_KNOWS=1
OTHER_EVENTS=pulsar
"""


class Witness(BaseSettings):
    """The same fields, read by pydantic-settings."""

    model_config = SettingsConfigDict(env_prefix="PORTOPT_", env_file=".env", extra="ignore", frozen=True)


def witness(**given: object) -> BaseModel:
    fields = {name: (field.annotation, field) for name, field in Settings.model_fields.items()}
    made = type(
        "Made",
        (Witness,),
        {"__annotations__": {n: a for n, (a, _) in fields.items()}, **{n: f for n, (_, f) in fields.items()}},
    )
    return made(**given)


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.lower().startswith("portopt_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.parametrize("dotenv", ["", DOTENV])
@pytest.mark.parametrize("variables", [{}, {"PORTOPT_MARKET": "http", "portopt_market_timeout_seconds": "2.5", "YEAR": "2024"}])
@pytest.mark.parametrize("given", [{}, {"market": "sql", "home": Path("here")}])
def test_settings_are_read_as_pydantic_settings_reads_them(clean, dotenv, variables, given):
    if dotenv:
        Path(".env").write_text(dotenv)
    for name, value in variables.items():
        clean.setenv(name, value)
    assert Settings(**given).model_dump() == witness(**given).model_dump()


def test_what_is_given_counts_before_the_environment_and_that_before_the_file(clean):
    Path(".env").write_text("PORTOPT_MARKET=files\nPORTOPT_CALENDAR=XLON\nPORTOPT_EVENTS=pulsar\n")
    clean.setenv("PORTOPT_MARKET", "http")
    clean.setenv("PORTOPT_CALENDAR", "XTKS")
    found = Settings(market="sql")
    assert (found.market, found.calendar, found.events) == ("sql", "XTKS", "pulsar")


def test_a_variable_that_means_nothing_is_refused_by_its_name(clean):
    clean.setenv("PORTOPT_MARKET", "tape")
    with pytest.raises(RequestError, match="PORTOPT_MARKET: Input should be 'sample', 'files'") as refused:
        open_runtime()
    assert refused.value.field == "PORTOPT_MARKET"
