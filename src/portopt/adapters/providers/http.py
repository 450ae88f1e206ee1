"""Tables from an HTTP service, within bounds: of time, of attempts, of size, and of where the answer may come from."""

from __future__ import annotations

import io
import json
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

import httpx
import polars as pl

from portopt.adapters.addresses import Guard, both
from portopt.adapters.door import speaking_for
from portopt.adapters.providers.wire import CODINGS, Incomplete, Line, TooLarge, body_of, says_its_end, within
from portopt.domain.errors import DataError, FileNotReadable, InvalidValue, OutsideError, RequestError
from portopt.domain.market import MarketQuery
from portopt.tables.account import Account
from portopt.tables.files import parquet_of
from portopt.tables.frames import table_of_frame
from portopt.tables.head import Score, score_of_prices
from portopt.tables.prices import prices_of
from portopt.tables.separated import table_of
from portopt.tables.table import Table
from portopt.tables.text import text_of

JSON, CSV = ("application/json",), ("text/csv", "application/csv")
PARQUET = ("application/vnd.apache.parquet", "application/x-parquet")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
REDIRECTS = 3
ASSETS_A_REQUEST = 200  # asset ids travel in the query string, and servers cut those off
FIRST_PAUSE = 0.5
TRIED_AGAIN = (206, 408, 425, 429)  # a part of the answer, or none yet; and everything from 500


class HttpProvider:
    """GET base_url?assets=A,B&as_of=…&start=… answering a price table as JSON, CSV or Parquet.

    JSON is a list of {asset_id, date, close[, volume]}, or an object of columns, either also under "prices".

    Args:
        base_url: http(s) address. token: sent as a bearer token; never part of a message, a log or the manifest.
        timeout_seconds: until an answer begins, name look-up, handshake and headers together; and each silence inside it.
        retry_seconds: everything together, pauses included.
        attempts: tries per request; a failed connection, an answer that is not whole, 429 and 5xx are tried again.
        max_bytes: the largest answer read, after decompression.
        private_hosts: names that may lead to private addresses; an address says itself where it leads.
        what, score: what is asked for, and how much a row looks like the names of its columns.
        transport, sleep, clock: for tests.
    """

    name = "http"

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        timeout_seconds: float = 10.0,
        retry_seconds: float = 30.0,
        attempts: int = 4,
        max_bytes: int = 1 << 28,
        adjustment: str = "unknown",
        private_hosts: Collection[str] = (),
        what: str = "prices",
        score: Score = score_of_prices,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = _checked_url(base_url, token)
        self.host = self.url.host
        self.source = f"service at {self.host}"
        self._guard = Guard(self.host, private_hosts, field="provider")
        self.adjustment = adjustment
        self.notes: tuple[str, ...] = ()
        self._headers = {"Accept": ", ".join((*PARQUET[:1], *CSV[:1], *JSON)), "Accept-Encoding": CODINGS}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout, self._budget, self._attempts, self._max_bytes = timeout_seconds, retry_seconds, attempts, max_bytes
        self._what, self._score = what, score
        self._transport, self._sleep, self._clock = transport, sleep, clock

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        """See ports.MarketDataProvider. Raises OutsideError once the budget is spent, DataError for what is no prices."""
        said = Account(self.source)
        long = [prices_of(table, said).long for table in self.tables(query, said)]
        self.notes = tuple(said.notes)
        return pl.concat(long, how="diagonal")

    def tables(self, query: MarketQuery, said: Account) -> Iterator[Table]:
        """The table of each request; errors as those of `prices`."""
        deadline, line = self._clock() + self._budget, Line()
        with (
            speaking_for(self.source, field="provider"),
            httpx.Client(
                timeout=self._timeout, headers=self._headers, follow_redirects=False, transport=self._transport
            ) as client,
        ):
            for assets in _batches(query.assets):
                yield self._fetched(client, line, _parameters(query, assets), deadline, said)

    def _fetched(self, client: httpx.Client, line: Line, parameters: dict[str, str], deadline: float, said: Account) -> Table:
        """The table of the answer, after as many tries as the budget allows."""
        pause = FIRST_PAUSE
        reason = ""
        for attempt in range(1, self._attempts + 1):
            wait = 0.0
            try:
                answer = self._once(client, line, parameters, deadline, said)
                if isinstance(answer, Table):
                    return answer
                reason, wait = f"answered {answer.status_code}", _retry_after(answer)
            except httpx.TransportError as error:
                reason = f"did not answer ({type(error).__name__})"
            except TimeoutError:
                reason = f"had not begun to answer after {self._timeout:g} s"
            except Incomplete as error:
                reason = f"did not answer whole: {error}"
            # Jitter, so that many clients do not come back in the same moment.
            wait = max(wait, pause * (0.5 + secrets.randbelow(1000) / 1000))
            pause *= 2
            if attempt == self._attempts or self._clock() + wait > deadline:
                raise self._gave_up(reason, attempt)
            self._sleep(wait)
        raise self._gave_up(reason, self._attempts)

    def _once(
        self, client: httpx.Client, line: Line, parameters: dict[str, str], deadline: float, said: Account
    ) -> Table | httpx.Response:
        """One try: the table, or the answer that is worth another try."""
        url = self.url.copy_merge_params(parameters)
        for _ in range(REDIRECTS + 1):
            request = client.build_request("GET", url, extensions={"trace": both(line.trace, self._guard.trace)})
            left = min(self._timeout, deadline - self._clock())
            answer = within(left, partial(client.send, request, stream=True), line)
            try:
                if answer.has_redirect_location:
                    url = url.join(answer.headers["location"])
                    self._same_host(url)
                    continue
                if answer.status_code in TRIED_AGAIN or answer.status_code >= 500:
                    return answer
                self._accepted(answer)
                return self._parsed(answer, self._body(answer, line, deadline), said)
            finally:
                answer.close()
        raise DataError(f"{self.source} redirects more than {REDIRECTS} times", field="provider")

    def _same_host(self, url: httpx.URL) -> None:
        if (url.scheme, url.host, url.port) != (self.url.scheme, self.url.host, self.url.port):
            raise DataError(
                f"{self.source} redirects to {url.scheme}://{url.host}: not followed, the token is not that host's",
                field="provider",
                value=url.host,
                fixes=["set the address of the service that answers itself"],
            )

    def _accepted(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in (401, 403):
            raise RequestError(
                f"{self.source} refuses access ({status})",
                field="market_token",
                fixes=["set a token that this service accepts"],
            )
        if status != 200:
            raise DataError(
                f"{self.source} answered {status} instead of {self._what}", field="provider", measured={"status": status}
            )

    def _body(self, answer: httpx.Response, line: Line, deadline: float) -> bytes:
        late = self._gave_up(f"was still sending after {self._budget:g} s", 1)

        def still_in_time() -> None:
            if self._clock() > deadline:
                raise late

        try:
            return within(deadline - self._clock(), lambda: body_of(answer, self._max_bytes, still_in_time), line)
        except TimeoutError:
            raise late from None
        except TooLarge:
            raise DataError(
                f"{self.source} answers with more than {self._max_bytes:,} bytes",
                field="provider",
                measured={"max_bytes": self._max_bytes},
                fixes=["ask for fewer assets or a shorter history"],
            ) from None

    def _parsed(self, answer: httpx.Response, content: bytes, said: Account) -> Table:
        kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind in CSV and not says_its_end(answer) and not content.endswith((b"\n", b"\r")):
            raise Incomplete("it ends within a line, and nothing said where it would end")
        try:
            if kind in JSON:
                return table_of_frame(_json_table(content, self._what), self.source)
            if kind in CSV:
                return table_of(text_of(content, said), self._score, said)
            if kind in PARQUET:
                return parquet_of(io.BytesIO(content), len(content), 4 * self._max_bytes, self.source)
        except (pl.exceptions.PolarsError, FileNotReadable, ValueError, TypeError, RecursionError) as error:
            if not says_its_end(answer):
                raise Incomplete(f"it cannot be read as {kind}, and nothing said where it would end") from error
            raise DataError(f"{self.source} sent {kind} that cannot be read: {error}", field="provider") from error
        raise DataError(
            f"{self.source} sent {kind or 'content of no stated type'}; {self._what} are {self._headers['Accept']}",
            field="provider",
            value=kind,
        )

    def _gave_up(self, reason: str, attempts: int) -> OutsideError:
        return OutsideError(
            f"{self.source} {reason}; gave up after {attempts} of {self._attempts} attempts within {self._budget:g} s",
            field="provider",
            measured={"attempts": attempts, "budget_seconds": self._budget},
            fixes=["try again later; nothing was stored"],
        )


def _checked_url(base_url: str, token: str | None) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise InvalidValue("market_url", base_url, str(error)) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidValue("market_url", base_url, "must be an http or https address")
    if url.userinfo:
        raise InvalidValue("market_url", url.host, "must not hold a password", fix="give it as the token")
    if token and not (token.isascii() and token.isprintable() and token == token.strip()):
        raise InvalidValue(
            "market_token", "…", "holds what no header can carry: only printable ASCII travels", fix="copy it anew"
        )
    if token and url.scheme == "http" and url.host not in LOOPBACK:
        raise InvalidValue("market_url", base_url, "a token is not sent unencrypted", fix="use https")
    return url


def _batches(assets: Sequence[str] | None) -> list[Sequence[str] | None]:
    if assets is None:
        return [None]
    return [assets[i : i + ASSETS_A_REQUEST] for i in range(0, len(assets), ASSETS_A_REQUEST)]


def _parameters(query: MarketQuery, assets: Sequence[str] | None) -> dict[str, str]:
    asked = {
        "assets": None if assets is None else ",".join(assets),
        "as_of": query.as_of.isoformat() if query.as_of else None,
        "start": query.start.isoformat() if query.start else None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _json_table(content: bytes, what: str) -> pl.DataFrame:
    document = json.loads(content)
    if isinstance(document, dict) and what in document:
        document = document[what]
    if document == [] and what != "prices":  # that nothing happened is an answer; that nothing had a price is none
        return pl.DataFrame()
    if isinstance(document, list) and document and all(isinstance(row, dict) for row in document):
        return pl.from_dicts(document, infer_schema_length=None)
    if isinstance(document, dict) and document and all(isinstance(column, list) for column in document.values()):
        return pl.DataFrame(document)
    raise ValueError("expected a list of {asset_id, date, …} or an object of columns")


def _retry_after(answer: httpx.Response) -> float:
    """Seconds that the service asks to wait: a number, or a date; 0 where it does not say."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()) if text else 0.0
    except (ValueError, TypeError, OverflowError):
        return 0.0  # a header that says nothing readable asks for nothing
