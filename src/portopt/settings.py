"""Every setting, its default and its environment variable (`PORTOPT_…`), in one place.

Read here and not by pydantic-settings: to import it takes as long as to import SciPy, in every process that asks anything.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from portopt.domain.errors import InvalidValue, RequestError

if TYPE_CHECKING:
    from portopt.domain.thinning import Thinning

PREFIX = "portopt_"
DOTENV = Path(".env")
NO_CHANNEL = "none"


def default_home() -> Path:
    """Where everything this installation keeps lives, unless PORTOPT_HOME says otherwise."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path("~/.local/share")) / "portopt"


def expanded(home: Path) -> Path:
    """The folder behind `~`. Raises RequestError for a user whose home nobody knows."""
    try:
        return home.expanduser()
    except RuntimeError:
        raise RequestError(
            f"{home}: this system knows no home of that user", field="PORTOPT_HOME", value=str(home),
            fixes=["set PORTOPT_HOME to a folder, written out without ~"],
        ) from None  # fmt: skip


def environment() -> dict[str, str]:
    """What the variables say, by the name of the setting: those of `.env`, and those of the process, which win."""
    found: dict[str, str | None] = {}
    if DOTENV.is_file():
        from dotenv import dotenv_values

        found |= dotenv_values(DOTENV, encoding="utf-8")
    named = {name.lower(): value for name, value in {**found, **os.environ}.items()}
    return {name.removeprefix(PREFIX): value for name, value in named.items() if name.startswith(PREFIX) and value is not None}


class Settings(BaseModel):
    """What is given, else read from the environment and an optional `.env`. The defaults need no server and no network."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    home: Path = Field(default_factory=default_home, description="database, pricing packs, reports and the event log")
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of the store; unset is SQLite under `home`. postgresql+psycopg://… in production"
    )

    market: Literal["sample", "files", "sql", "http", "yahoo"] = Field("sample", description="default price provider")
    market_path: Path | None = Field(None, description="file or folder of prices, for `files`")
    market_url: SecretStr | None = Field(None, description="base address for `http`; SQLAlchemy URL for `sql`")
    market_query: str | None = Field(None, description="SELECT with :as_of, for `sql`")
    actions_path: Path | None = Field(None, description="file of corporate actions, for `files`")
    actions_url: SecretStr | None = Field(None, description="base address of corporate actions, for `http`")
    actions_query: str | None = Field(None, description="SELECT of corporate actions on the prices' database, for `sql`")
    market_token: SecretStr | None = Field(None, description="bearer token for `http`")
    market_timeout_seconds: float = Field(10.0, gt=0, description="one request to the market-data service")
    market_retry_seconds: float = Field(60.0, ge=0, description="all retries of one fetch together")

    events: Literal["local", "pulsar"] = Field("local", description="where the outbox delivers")
    pulsar_url: SecretStr = Field(SecretStr("pulsar://127.0.0.1:6650"), description="broker, for `pulsar`")
    pulsar_admin_url: SecretStr = Field(
        SecretStr("http://127.0.0.1:8080"), description="administration of the broker, for `relay --set-up` and `doctor`"
    )
    pulsar_token: SecretStr | None = Field(None, description="token for the broker and its administration")
    pulsar_subscription: str = Field(
        "portfolio-optimized", pattern=r"^[A-Za-z0-9._-]{1,100}$", description="durable subscription that set-up makes"
    )
    pulsar_retention_days: float = Field(30.0, gt=0, description="how long set-up has the broker keep what was read")
    pulsar_topic: str = Field("persistent://public/default/portfolio-optimized", description="topic, for `pulsar`")

    http_host: str = Field("127.0.0.1", description="address the REST API listens on; other than loopback needs keys or tokens")
    public_url: str | None = Field(
        None, pattern=r"^https?://\S+$", description="where people reach the REST API: links in the workflow server lead there"
    )
    http_port: int = Field(8000, ge=0, le=65535, description="port of the REST API; 0 is any free one")
    grpc_port: int = Field(50051, ge=0, le=65535, description="port of the gRPC API; 0 is any free one")
    grpc_reflection: bool = Field(False, description="whether the gRPC API describes itself to whoever asks")
    processes: int = Field(2, ge=1, le=64, description="processes that answer questions")
    answer_seconds: float = Field(30.0, gt=0, description="longest time for an answer, unless who asks gives less")
    wait_seconds: float = Field(5.0, gt=0, description="longest expected wait before a question is begun; beyond it is 429")
    metric_books: int = Field(200, ge=0, le=100_000, description="books with series of their own at /metrics: the worst ones")
    body_bytes: int = Field(64_000_000, ge=1024, description="largest request body, before and after decompression")
    access: Literal["open", "keys"] = Field(
        "open", description="open: whoever reaches the loopback address; keys: API keys and tokens alone"
    )
    oidc_issuer: str | None = Field(None, description="issuer of the tokens that are accepted")
    oidc_audience: str | None = Field(None, description="audience that a token must name")
    oidc_keys: str | None = Field(None, description="file or https address of the issuer's key set (JWKS)")
    oidc_portfolios: str = Field("portopt_portfolios", description="claim with the portfolios of whoever it is: ids, or *")
    oidc_client_id: str | None = Field(None, description="what the issuer calls this installation: people sign in there")
    oidc_client_secret: SecretStr | None = Field(None, description="of that client, where the issuer gave it one")
    private_hosts: str = Field("", description="hosts of providers and issuers that may lead to private addresses, by commas")

    lease_seconds: float = Field(30.0, gt=0, le=600, description="how long a runner that says nothing is believed to work")
    job_attempts: int = Field(5, ge=1, le=100, description="how often a job is taken up before it is given up")
    sweep_seconds: float = Field(15.0, gt=0, le=600, description="between two looks of a worker at what was left behind")
    stop_seconds: float = Field(25.0, ge=0, le=600, description="what is worked on may still end, after the signal to stop")
    idempotency_days: float = Field(7.0, gt=0, description="how long an idempotency key stands for its first reply")

    series_days: float | None = Field(
        None, gt=0, description="days that rows of `portfolio_optimization_ts` are kept; unset: for ever"
    )
    series_open_days: float = Field(
        7.0, ge=1, description="days until a chunk of them is compressed, where TimescaleDB's licence has that"
    )

    watch_seconds: float = Field(
        60.0, ge=0, le=3600, description="between two looks of a worker at every figure; 0: it looks at none"
    )
    drift_band: float = Field(0.05, gt=0, le=1, description="share of a book that a weight may stray from its target")
    availability_objective: float = Field(0.995, gt=0, lt=1, description="share of jobs that is to be answered")
    budget_days: float = Field(30.0, gt=1, le=366, description="days that the error budget is of")
    run_window_hours: float = Field(24.0, gt=0, le=8784, description="hours of runs that shares and seconds are of")
    run_stuck_seconds: float = Field(3600.0, gt=0, description="after so long a run that nobody works on is stuck")
    book_seconds: float = Field(600.0, ge=0, description="between two measurements of a book whose holdings do not change")
    books_at_once: int = Field(500, gt=0, description="books that one look measures at most")
    engine_seconds: float = Field(3600.0, gt=0, description="between two samples that are put to other engines")
    figures_days: float = Field(730.0, gt=0, description="days that figures are kept")
    figures_thinned: str = Field(
        "7d:1h,90d:1d",
        description="age after which one figure a step is kept, and the step, by commas; none: every one is kept",
    )
    rules_path: Path | None = Field(None, description="file or folder of alert rules of one's own, see docs/alerts.md")
    alert_channels: str = Field("log", description="where notices go: log, webhook, mail, automation, by commas; none: nowhere")
    alert_webhook_url: SecretStr | None = Field(None, description="https address that notices are posted to, for `webhook`")
    alert_webhook_secret: SecretStr | None = Field(None, description="secret of the webhook's signature")
    alert_mail_server: SecretStr | None = Field(None, description="smtp://user:password@host:587 or smtps://…, for `mail`")
    alert_mail_from: str | None = Field(None, description="address that mail comes from")
    alert_mail_to: str | None = Field(None, description="addresses that mail goes to, by commas")
    alert_seconds: float = Field(10.0, gt=0, le=120, description="longest time for a channel to take one notice")

    runs_days: float | None = Field(
        None, ge=1, description="days that answers which nothing needs any more are kept; unset: for ever"
    )
    waves_days: float | None = Field(None, ge=1, description="days that the items of ended waves are kept; unset: for ever")
    reports_days: float | None = Field(None, ge=1, description="days that pages of runs are kept; unset: for ever")
    packs_days: float | None = Field(
        None, ge=1, description="days that pricing packs which no run rests on are kept; unset: for ever"
    )

    task_runner: Literal["threads", "processes", "dask"] = Field(
        "threads", description="what carries out the pieces of a walk-forward: this process, processes, or a Dask cluster"
    )
    task_workers: int = Field(2, ge=1, le=256, description="pieces at once, where no cluster says so itself")
    dask_address: str | None = Field(None, description="scheduler of a Dask cluster; unset: a cluster of this machine's own")

    pieces_days: float = Field(
        7.0, ge=0.1, description="days that finished pieces of a run that nobody works on are kept, to be gone on with"
    )

    calendar: str = Field("XNYS", description="exchange calendar that scheduled runs ask (exchange_calendars name)")

    @model_validator(mode="before")
    @classmethod
    def _else_from_the_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {**environment(), **given}

    @field_validator("*", mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        """An empty path is the folder one happens to be in, which is nobody's home."""
        if isinstance(value, str) and not value.strip():
            raise ValueError("is empty: give it a value, or unset it")
        return value

    @property
    def home_path(self) -> Path:
        """The home, `~` expanded. Raises RequestError where that is nowhere."""
        return expanded(self.home)

    @property
    def store_url(self) -> str:
        """The database URL, secret included: for the store's door alone."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home_path.resolve() / 'portopt.db'}"

    @property
    def hosts_of_ours(self) -> frozenset[str]:
        """Those of `private_hosts`."""
        return frozenset(name.strip().lower() for name in self.private_hosts.split(",") if name.strip())

    @property
    def channels(self) -> tuple[str, ...]:
        """Those of `alert_channels`. Raises InvalidValue for one that is none."""
        from portopt.domain.watch import NOTICE_CHANNELS

        named = [name.strip() for name in self.alert_channels.split(",") if name.strip()]
        unknown = [name for name in named if name not in (*NOTICE_CHANNELS, NO_CHANNEL)]
        if unknown:
            raise InvalidValue(
                "PORTOPT_ALERT_CHANNELS", unknown[0], f"channels are {', '.join(NOTICE_CHANNELS)}; {NO_CHANNEL}: nowhere"
            )
        return tuple(name for name in NOTICE_CHANNELS if name in named)

    @property
    def thinning(self) -> tuple[Thinning, ...]:
        """Of figures. Raises InvalidValue."""
        from portopt.monitoring.thinning import read_thinning

        return read_thinning(self.figures_thinned, "PORTOPT_FIGURES_THINNED")

    @property
    def alert_log_path(self) -> Path:
        return self.home_path / "alerts.jsonl"

    @property
    def packs_path(self) -> Path:
        return self.home_path / "packs"

    @property
    def beliefs_path(self) -> Path:
        return self.home_path / "beliefs"

    @property
    def pieces_path(self) -> Path:
        return self.home_path / "pieces"

    @property
    def histories_path(self) -> Path:
        return self.home_path / "histories"

    @property
    def figures_path(self) -> Path:
        return self.home_path / "figures"

    @property
    def reports_path(self) -> Path:
        return self.home_path / "reports"

    @property
    def event_log_path(self) -> Path:
        return self.home_path / "events.jsonl"
