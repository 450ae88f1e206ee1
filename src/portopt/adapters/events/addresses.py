"""A broker's addresses, without what may be a password in them."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from portopt.domain.errors import InvalidValue


def shown(address: str, schemes: Collection[str], field: str, why: str, fix: str) -> str:
    """Scheme, host and port. Raises InvalidValue for what is none of these schemes' addresses, and does not repeat it."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in schemes or not host:
        raise InvalidValue(field, "…", why, fix=fix)
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"
