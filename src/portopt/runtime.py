"""The one place that picks adapters: settings in, the outside world out, each part opened when first used."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from portopt.domain.access import restricted_to
from portopt.domain.disk import storage_error
from portopt.domain.errors import MissingInput, PortoptError, RequestError
from portopt.ports import (
    ActionsProvider,
    AlertStore,
    BeliefStore,
    ChoiceStore,
    DeskStore,
    EventSink,
    FigureSeeks,
    FigureSteps,
    FigureStore,
    FigureThinning,
    Issuer,
    JobStore,
    KeySetSource,
    KeyStore,
    Ledger,
    MarketDataProvider,
    PackStore,
    PieceStore,
    PortfolioStore,
    Removals,
    RetentionStore,
    RunColumns,
    SeriesStore,
    SessionStore,
    TrialStore,
    WaveStore,
)

if TYPE_CHECKING:
    import polars as pl

    from portopt.adapters.store.histories import FileHistories
    from portopt.adapters.store.sql import SqlStore
    from portopt.settings import Settings

T = TypeVar("T")
PROVIDERS = ("sample", "files", "sql", "http", "yahoo")
AT_HAND = "frame"  # the provider whose prices whoever opens a runtime has brought with them


class _Part(Generic[T]):
    """A part of a runtime: opened when first asked for, once, by whichever thread asks first; the others wait for it.

    `functools.cached_property` opens it once for each thread that comes at the same moment, from Python 3.12 on.
    """

    def __init__(self, opened: Callable[[Any], T]) -> None:
        self._opened, self._name, self.__doc__ = opened, opened.__name__, opened.__doc__

    def __get__(self, runtime: Runtime, _owner: type[Runtime] | None = None) -> T:
        parts = runtime.__dict__  # what stands there is found before this descriptor is asked again
        with runtime.opening, restricted_to(None):  # whoever asks first opens it for everybody
            if self._name not in parts:
                parts[self._name] = self._opened(runtime)
        found: T = parts[self._name]
        return found


class Runtime:
    """An installation at work, to be shared between threads.

    Parts open when they are first used, so that a question that needs no database opens none; what fails to open is tried
    again by the next that asks. A process that answers for long opens them all as it starts (`opened`).
    at_hand: prices that are neither in a file nor behind an address: what a request names as the provider `frame`.
    """

    def __init__(self, settings: Settings, at_hand: MarketDataProvider | None = None) -> None:
        self.settings, self._at_hand = settings, at_hand
        self.opening = threading.RLock()  # one part may need another: a store makes its home

    def opened(self, *, needed: bool = True) -> Runtime:
        """Itself, with every part open, so that no answer waits for that.

        needed: what does not open is raised; without, it is told in the log, and tried again by the next that asks.
        """
        for name, part in vars(Runtime).items():
            if not isinstance(part, _Part):
                continue
            try:
                getattr(self, name)
            except PortoptError as error:
                if needed:
                    raise
                logging.getLogger(__name__).warning("%s cannot be opened yet: %s", name, error.detail)
        return self

    @_Part
    def home(self) -> Path:
        home = self.settings.home_path
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(f"cannot write to {home}", home, error, field="PORTOPT_HOME") from error
        return home

    @_Part
    def packs(self) -> PackStore:
        from portopt.adapters.store.packs import FilePackStore

        return FilePackStore(self.settings.packs_path)

    @property
    def has_store(self) -> bool:
        """Whether there is a database to read: a SQLite file that nobody made yet is not made for a question."""
        url = self.settings.store_url
        return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).exists()

    @_Part
    def runs(self) -> SqlStore:
        """The store, at this version's schema. To open it for reading, no right to write is needed."""
        from portopt.adapters.store.sql import SqlStore

        if self.settings.database_url is None:
            self.home  # noqa: B018 - made on first use
        store = SqlStore(self.settings.store_url)
        store.migrate()
        return store

    @_Part
    def run_columns(self) -> RunColumns:
        from portopt.adapters.store.run_columns import SqlRunColumns

        return SqlRunColumns(self.runs.database)

    @_Part
    def portfolios(self) -> PortfolioStore:
        from portopt.adapters.store.books import SqlPortfolios

        return SqlPortfolios(self.runs.database)

    @_Part
    def jobs(self) -> JobStore:
        from portopt.adapters.store.jobs import SqlJobs

        return SqlJobs(self.runs.database)

    @_Part
    def keys(self) -> KeyStore:
        from portopt.adapters.store.keys import SqlKeys

        return SqlKeys(self.runs.database)

    @_Part
    def sessions(self) -> SessionStore:
        from portopt.adapters.store.sessions import SqlSessions

        return SqlSessions(self.runs.database)

    @_Part
    def ledger(self) -> Ledger:
        from portopt.adapters.store.ledger import SqlLedger

        return SqlLedger(self.runs.database)

    @_Part
    def trials(self) -> TrialStore:
        from portopt.adapters.store.trials import SqlTrials

        return SqlTrials(self.runs.database)

    @_Part
    def waves(self) -> WaveStore:
        from portopt.adapters.store.waves import SqlWaves

        return SqlWaves(self.runs.database)

    @_Part
    def choices(self) -> ChoiceStore:
        from portopt.adapters.store.choices import SqlChoices

        return SqlChoices(self.runs.database)

    @_Part
    def desk(self) -> DeskStore:
        from portopt.adapters.store.desk import SqlDesk

        return SqlDesk(self.runs.database)

    @_Part
    def retention(self) -> RetentionStore:
        from portopt.adapters.store.retention import SqlRetention

        return SqlRetention(self.runs.database)

    @_Part
    def removals(self) -> Removals:
        from portopt.adapters.store.removals import FileRemovals

        return FileRemovals(self.settings.packs_path, self.settings.reports_path, self.settings.histories_path)

    @_Part
    def series(self) -> SeriesStore:
        from portopt.adapters.store.series import SqlSeries

        return SqlSeries(self.runs.database)

    @_Part
    def figures(self) -> FigureStore:
        from portopt.adapters.store.figures import SqlFigures

        return SqlFigures(self.runs.database)

    @_Part
    def alerts(self) -> AlertStore:
        from portopt.adapters.store.alerts import SqlAlerts

        return SqlAlerts(self.runs.database)

    @_Part
    def beliefs(self) -> BeliefStore:
        from portopt.adapters.store.beliefs import FileBeliefStore

        return FileBeliefStore(self.settings.beliefs_path)

    @_Part
    def pieces(self) -> PieceStore:
        from portopt.adapters.store.pieces import FilePieceStore

        return FilePieceStore(self.settings.pieces_path)

    @_Part
    def histories(self) -> FileHistories:
        from portopt.adapters.store.histories import FileHistories

        return FileHistories(self.settings.histories_path)

    @_Part
    def figure_steps(self) -> FigureSteps:
        from portopt.adapters.store.figure_steps import SqlFigureSteps

        return SqlFigureSteps(self.runs.database)

    @_Part
    def figure_seeks(self) -> FigureSeeks:
        from portopt.adapters.store.figure_seeks import SqlFigureSeeks

        return SqlFigureSeeks(self.runs.database)

    @_Part
    def figure_thinning(self) -> FigureThinning:
        from portopt.adapters.store.figure_thinning import SqlFigureThinning

        return SqlFigureThinning(self.runs.database)

    @_Part
    def figure_archive(self) -> FileHistories:
        """Figures of whole days, a folder a day."""
        from portopt.adapters.store.histories import FileHistories

        return FileHistories(self.settings.figures_path, by="day")

    @_Part
    def issuer_keys(self) -> KeySetSource | None:
        """Of whoever signs the tokens that are accepted; None where nobody does."""
        named = self.settings.oidc_keys
        if named is None:
            return None
        from portopt.adapters.identity.key_sets import KeySetAt, KeySetFile

        if "://" in named:
            return KeySetAt(named, self.settings.hosts_of_ours)
        return KeySetFile(Path(named))

    @_Part
    def issuer(self) -> Issuer | None:
        """Where people sign in to the console; None where they do so with keys alone."""
        settings, secret = self.settings, self.settings.oidc_client_secret
        if settings.oidc_issuer is None or settings.oidc_client_id is None:
            return None
        from portopt.adapters.identity.issuer import OidcIssuer

        told = None if secret is None else secret.get_secret_value()
        return OidcIssuer(settings.oidc_issuer, settings.oidc_client_id, told, settings.hosts_of_ours)

    @_Part
    def sink(self) -> EventSink:
        if self.settings.events == "pulsar":
            from portopt.adapters.events.pulsar_sink import PulsarSink

            # The broker knows a relay's numbers by its name: two installations that share a topic must not share names.
            producer = f"portopt-relay-{self.runs.installation()}"
            return PulsarSink(
                self.settings.pulsar_url.get_secret_value(),
                self.settings.pulsar_topic,
                producer=producer,
                token=self.pulsar_token,
            )
        from portopt.adapters.events.local_log import LocalLog

        self.home  # noqa: B018 - made on first use
        return LocalLog(self.settings.event_log_path)

    def channel(self, name: str) -> EventSink:
        """Where a channel's notices go. Raises MissingInput naming the setting it lacks, InvalidValue for a wrong one."""
        settings, seconds = self.settings, self.settings.alert_seconds
        if name == "log":
            from portopt.adapters.events.local_log import LocalLog

            self.home  # noqa: B018 - made on first use
            return LocalLog(settings.alert_log_path)
        if name == "webhook":
            from portopt.adapters.notices.webhook import Webhook

            url = _needed(settings.alert_webhook_url, "PORTOPT_ALERT_WEBHOOK_URL").get_secret_value()
            secret = _needed(settings.alert_webhook_secret, "PORTOPT_ALERT_WEBHOOK_SECRET").get_secret_value()
            return Webhook(url, secret, private=settings.hosts_of_ours, seconds=seconds)
        if name == "mail":
            from portopt.adapters.notices.mail import Mail

            server = _needed(settings.alert_mail_server, "PORTOPT_ALERT_MAIL_SERVER").get_secret_value()
            sender = _needed(settings.alert_mail_from, "PORTOPT_ALERT_MAIL_FROM")
            receivers = _needed(settings.alert_mail_to, "PORTOPT_ALERT_MAIL_TO").split(",")
            return Mail(server, sender, receivers, seconds=seconds)
        from portopt.adapters.jobs.automation import AutomationEvents

        return AutomationEvents()

    @property
    def pulsar_token(self) -> str | None:
        token = self.settings.pulsar_token
        return None if token is None else token.get_secret_value()

    def load_prices(self, table: str, prices: pl.DataFrame) -> int:
        """Prices into the database that the provider `sql` reads; see adapters/store/price_loads.py."""
        from portopt.adapters.store.price_loads import load_prices

        return load_prices(_needed(self.settings.market_url, "PORTOPT_MARKET_URL").get_secret_value(), table, prices)

    def actions(self, provider: str) -> ActionsProvider:
        """Where corporate actions come from, by name: `files`, `http`, `sql`; `files:PATH` reads that path.

        Raises MissingInput naming the setting it lacks.
        """
        name, _, path = provider.partition(":")
        settings = self.settings
        if name == "files":
            from portopt.adapters.providers.actions import FileActions

            return FileActions(Path(path) if path else _needed(settings.actions_path, "PORTOPT_ACTIONS_PATH"))
        if name == "http":
            from portopt.adapters.providers.actions import HttpActions

            url = _needed(settings.actions_url, "PORTOPT_ACTIONS_URL").get_secret_value()
            return HttpActions(url, **self._http_options())
        if name == "sql":
            from portopt.adapters.store.sql_actions import SqlActions

            url = _needed(settings.market_url, "PORTOPT_MARKET_URL").get_secret_value()
            return SqlActions(url, _needed(settings.actions_query, "PORTOPT_ACTIONS_QUERY"))
        fix = "use files:PATH, http or sql"
        raise RequestError(f"there is no provider of actions {name!r}", field="actions", value=provider, fixes=[fix])

    def _http_options(self) -> dict[str, Any]:
        settings = self.settings
        token = settings.market_token.get_secret_value() if settings.market_token else None
        return {"token": token, "timeout_seconds": settings.market_timeout_seconds,
                "retry_seconds": settings.market_retry_seconds, "private_hosts": settings.hosts_of_ours}  # fmt: skip

    def market(self, provider: str) -> MarketDataProvider:
        """A provider by name; `files:PATH` reads that path, `pack:ID` a pack that is kept.

        Raises MissingInput naming the setting it lacks.
        """
        name, _, path = provider.partition(":")
        settings = self.settings
        if name == AT_HAND and self._at_hand is not None:
            return self._at_hand
        if name == "sample":
            from portopt.adapters.providers.sample import SampleProvider

            return SampleProvider()
        if name == "files":
            from portopt.adapters.providers.files import FileProvider

            return FileProvider(Path(path) if path else _needed(settings.market_path, "PORTOPT_MARKET_PATH"))
        if name == "pack":
            from portopt.adapters.providers.delivered_prices import PackProvider

            return PackProvider(path, self.packs)
        if name == "http":
            from portopt.adapters.providers.http import HttpProvider

            url = _needed(settings.market_url, "PORTOPT_MARKET_URL").get_secret_value()
            return HttpProvider(url, **self._http_options())
        if name == "sql":
            from portopt.adapters.store.sql_prices import SqlProvider

            return SqlProvider(
                _needed(settings.market_url, "PORTOPT_MARKET_URL").get_secret_value(),
                _needed(settings.market_query, "PORTOPT_MARKET_QUERY"),
            )
        if name == "yahoo":
            from portopt.adapters.providers.yahoo import YahooProvider

            return YahooProvider()
        raise RequestError(
            f"there is no price provider {name!r}; known: {', '.join(PROVIDERS)}",
            field="provider",
            value=provider,
            fixes=[f"use one of: {', '.join(PROVIDERS)}"],
        )


def _needed(value: T | None, variable: str) -> T:
    if value is None:
        raise MissingInput(f"this needs {variable}", field=variable, fixes=[f"set {variable}"])
    return value


def open_runtime(settings: Settings | None = None, at_hand: MarketDataProvider | None = None) -> Runtime:
    """A runtime of its own, for tests and embedding; settings default to the environment's. at_hand: prices, see Runtime."""
    from pydantic import ValidationError

    from portopt.settings import Settings as FromEnvironment

    try:
        return Runtime(settings or FromEnvironment(), at_hand)
    except ValidationError as error:
        first = error.errors()[0]
        name = "PORTOPT_" + "_".join(str(part) for part in first["loc"]).upper()
        secret = name.endswith(("_URL", "_TOKEN"))
        why = first["msg"].removeprefix("Value error, ")
        raise RequestError(
            f"{name}: {why}", field=name, value="…" if secret else os.environ.get(name), fixes=[f"correct {name}, or unset it"]
        ) from None


class _OfThisProcess:
    """This process's runtime, the same for every thread: opened by the first that asks."""

    def __init__(self) -> None:
        self._opening = threading.Lock()
        self._found: Runtime | None = None

    def __call__(self) -> Runtime:
        with self._opening:
            if self._found is None:
                self._found = open_runtime()
            return self._found

    def __reduce__(self) -> str:
        """By its name: in another process it is that one's own."""
        return "runtime"

    def cache_clear(self) -> None:
        """The next that asks opens one on the settings of that moment."""
        with self._opening:
            self._found = None


runtime = _OfThisProcess()
