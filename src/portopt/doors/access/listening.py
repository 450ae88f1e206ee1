"""Whether whoever is there may be believed to be on this machine: by what is listened on, and by what a browser says."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from portopt.domain.errors import MissingInput, NotAllowed, RequestError

if TYPE_CHECKING:
    from portopt.settings import Settings

CLOSE = "set PORTOPT_ACCESS=keys and make keys with `portopt keys create`"


def is_loopback(host: str) -> bool:
    """Whether a host, as written, is this machine alone; a name that is looked up may be anything."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_settings(settings: Settings) -> None:
    """Raises RequestError where what is configured would let anybody in, or is half of something."""
    if settings.access == "open":
        if not is_loopback(settings.http_host):
            raise RequestError(
                f"{settings.http_host} is reached from other machines, and access is open to whoever reaches it",
                field="PORTOPT_HTTP_HOST", value=settings.http_host, fixes=[CLOSE, "listen on 127.0.0.1"],
            )  # fmt: skip
        logging.getLogger("portopt.access").warning(
            "access is open: whoever reaches %s on this machine may do everything; to close it, %s", settings.http_host, CLOSE
        )
    of_tokens = {name: getattr(settings, name) for name in ("oidc_issuer", "oidc_audience", "oidc_keys")}
    missing = [f"PORTOPT_{name.upper()}" for name, value in of_tokens.items() if value is None]
    if 0 < len(missing) < len(of_tokens):
        raise MissingInput(
            f"tokens are accepted where their issuer, audience and keys are all named: {' and '.join(missing)} not set",
            field=missing[0], fixes=[f"set {name}" for name in missing],
        )  # fmt: skip
    if settings.oidc_client_id is not None and settings.oidc_issuer is None:
        raise MissingInput(
            "people sign in to the console at an issuer, and none is named: PORTOPT_OIDC_ISSUER not set",
            field="PORTOPT_OIDC_ISSUER", fixes=["set PORTOPT_OIDC_ISSUER", "unset PORTOPT_OIDC_CLIENT_ID"],
        )  # fmt: skip


def check_nearness(headers: Mapping[str, str]) -> None:
    """Raises NotAllowed for what a page of some other place made a browser on this machine ask.

    Such a page reaches loopback by a name of its own that leads there, or asks across places; the browser tells both.
    """
    host = headers.get("host")
    origin = headers.get("origin")
    if host is not None and not is_loopback(_host_of(f"//{host}")):
        raise _from_elsewhere("Host", host)
    if origin is not None and not is_loopback(_host_of(origin)):
        raise _from_elsewhere("Origin", origin)


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _from_elsewhere(header: str, value: str) -> NotAllowed:
    return NotAllowed(
        f"access is open to this machine alone, and {header} says that another place asks", field=header, value=value[:200],
        fixes=["ask http://127.0.0.1 or http://localhost", CLOSE],
    )  # fmt: skip
