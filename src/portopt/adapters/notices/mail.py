"""Notices to mailboxes, over SMTP: encrypted where the server offers it, and with a password never otherwise."""

from __future__ import annotations

import contextlib
import ipaddress
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from portopt.domain.canonical import canonical_text
from portopt.domain.errors import EventRefused, InvalidValue, OutsideError
from portopt.domain.run import Event

FIELD = "PORTOPT_ALERT_MAIL_SERVER"
PORTS = {"smtp": 25, "smtps": 465}
PERMANENT = 500  # from here on a reply is final (RFC 5321, section 4.2.1)
MOST_SUBJECT = 200
FAILED = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class MailServer:
    """smtp://user:password@host:587, or smtps:// where it speaks TLS from the first byte."""

    host: str
    port: int
    is_tls: bool
    user: str | None
    password: str | None

    @property
    def is_here(self) -> bool:
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class Mail:
    """Implements ports.EventSink: a message a notice, whose Message-ID is the notice's, so that a mailbox can tell a repeat.

    Args:
        server: see MailServer. sender, receivers: addresses.
        seconds: for connecting, and for each reply.
        trusted: which certificates count; None is the system's.
    """

    def __init__(self, server: str, sender: str, receivers: Sequence[str], *, seconds: float = 10.0,
                 trusted: ssl.SSLContext | None = None) -> None:  # fmt: skip
        self._server, self._seconds = read_server(server), seconds
        self._sender, self._receivers = _address(sender), tuple(map(_address, receivers))
        self._trusted = trusted or ssl.create_default_context()
        self._who = f"the mail server {self._server.host}"

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        """Raises EventRefused for a message that the server will never take, OutsideError where it did not say so."""
        message = message_of(event, self._sender, self._receivers)
        try:
            with self._session() as session:
                refused = session.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refusal(event, [code for code, _ in error.recipients.values()]) from error
        except smtplib.SMTPDataError as error:
            raise self._refusal(event, [error.smtp_code]) from error
        except FAILED as error:
            raise OutsideError(f"{self._who} did not take the message ({_told(error)})", field=FIELD) from error
        if refused:  # by some: the others have it, and to send it again would send it to them again
            return

    def replay(self, event: Event) -> None:
        self.deliver(event)

    def highest(self, shard: int) -> int:
        """A mail server knows no numbers."""
        return 0

    def close(self) -> None:
        """Nothing is held open between deliveries."""

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        made: smtplib.SMTP
        if server.is_tls:
            made = smtplib.SMTP_SSL(server.host, server.port, timeout=self._seconds, context=self._trusted)
        else:
            made = smtplib.SMTP(server.host, server.port, timeout=self._seconds)
        with made as session:
            session.ehlo()
            encrypted = server.is_tls
            if not encrypted and session.has_extn("starttls"):
                session.starttls(context=self._trusted)
                session.ehlo()
                encrypted = True
            if server.user is not None:
                if not (encrypted or server.is_here):
                    raise OutsideError(f"{self._who} offers no encryption: the password is not sent to it", field=FIELD)
                session.login(server.user, server.password or "")
            yield session

    def _refusal(self, event: Event, codes: Sequence[int]) -> EventRefused | OutsideError:
        """A server that is only busy (4xx) says so of everything, and later no more."""
        if all(code >= PERMANENT for code in codes):
            return EventRefused(f"{self._who} refused the message ({codes[0]})", field=FIELD, value=event.event_id)
        return OutsideError(f"{self._who} does not take messages now ({codes[0]})", field=FIELD)


def message_of(event: Event, sender: str, receivers: Sequence[str]) -> EmailMessage:
    """What is told, in words; the figures as JSON below."""
    notice = event.body
    alert = notice.get("alert") or {}
    message = EmailMessage()
    message["From"], message["To"] = sender, ", ".join(receivers)
    message["Subject"] = _line(f"[{notice['severity']}] {notice['text']}")[:MOST_SUBJECT]
    message["Date"] = format_datetime(event.occurred_at)
    message["Message-ID"] = f"<{notice['notice_id']}@portopt>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply answers it
    told = [notice["text"], "", *_facts(alert), *([f"runbook: {alert['runbook']}"] if alert.get("runbook") else []),
            *_of_a_group(notice.get("more") or {})]  # fmt: skip
    message.set_content("\n".join([*told, "", canonical_text(dict(notice)), ""]))
    return message


def _facts(alert: dict[str, Any]) -> list[str]:
    names = ("rule", "state", "since", "value", "limit", "worst", "acknowledged_by")
    of = ", ".join(f"{name} {value}" for name, value in (alert.get("of") or {}).items())
    facts = [("of", of), *((name.replace("_", " "), alert.get(name)) for name in names)]
    return [f"{name}: {value}" for name, value in facts if value not in (None, "")]


def _of_a_group(more: dict[str, Any]) -> list[str]:
    """A line each of those that are named, the worst first; how many more there are, and where they are seen."""
    if "group" not in more:
        return []
    named = [f"- {one['summary']} ({one['rule']}, since {one['since']})" for one in more["named"]]
    left = [f"- and {more['not_named']:,} more"] if more["not_named"] else []
    runbooks = dict.fromkeys(one["runbook"] for one in more["named"])
    return [f"alerts: {more['count']:,}", *named, *left, f"all of them: {more['see']}",
            *(f"runbook: {name}" for name in runbooks)]  # fmt: skip


def read_server(text: str) -> MailServer:
    """Raises InvalidValue, which repeats no password."""
    try:
        found = urlsplit(text)
        port = found.port
    except ValueError:
        raise InvalidValue(FIELD, "…", "is no address of a mail server", fix="write smtp://host:587") from None
    if found.scheme not in PORTS or not found.hostname or found.path not in ("", "/") or found.query:
        raise InvalidValue(FIELD, found.hostname or "…", "is no address of a mail server", fix="write smtp://host:587")
    user, password = (None if word is None else unquote(word) for word in (found.username, found.password))
    return MailServer(found.hostname, port or PORTS[found.scheme], found.scheme == "smtps", user, password)


def _address(text: str) -> str:
    name, at, host = text.strip().rpartition("@")
    if not (name and at and host) or any(letter in text for letter in "\r\n<>, "):
        raise InvalidValue("PORTOPT_ALERT_MAIL_TO", text, "is no mail address", fix="write name@host, several by commas")
    return text.strip()


def _line(text: str) -> str:
    return " ".join(text.split())


def _told(error: Exception) -> str:
    """What kind of failure; what the server said may hold what it was told."""
    code = getattr(error, "smtp_code", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"
