"""Which addresses a name of the outside world may lead to: a name that is looked up anew may lead anywhere tomorrow."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from portopt.domain.errors import DataError

Trace: TypeAlias = Callable[[str, dict[str, Any]], None]  # as httpcore calls it, at each step of an exchange


def both(first: Trace, second: Trace) -> Trace:
    """Two traces of one exchange."""

    def trace(name: str, info: dict[str, Any]) -> None:
        first(name, info)
        second(name, info)

    return trace


def is_public(address: str) -> bool:
    """Whether an IP address, as text, is one of the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        within = ip.ipv4_mapped or ip.sixtofour  # an address of the older kind, spelled in the newer
        if within is not None:
            ip = within
    return ip.is_global and not ip.is_multicast


def names_itself(host: str) -> bool:
    """Whether a host is written as an address, or as this machine: then nobody else says where it leads."""
    if host.lower() == "localhost":
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class Guard:
    """Looks at the address behind a host once a connection is there, before anything is sent on it.

    host: of the setting. private: hosts that may lead to private addresses. field: the setting, for the refusal.
    """

    def __init__(self, host: str, private: Collection[str], *, field: str) -> None:
        self._host, self._field = host, field
        self._free = names_itself(host) or host.lower() in {name.lower() for name in private}
        self._connected_to = ""

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """An httpcore trace. Raises DataError for an address that the host may not lead to."""
        if name == "connection.connect_tcp.started":
            self._connected_to = info["host"]
        elif name == "connection.connect_tcp.complete" and self._connected_to == self._host:  # else it is a configured proxy
            stream = info["return_value"]
            try:
                self.check(stream.get_extra_info("server_addr")[0])
            except DataError:
                stream.close()
                raise

    def check(self, address: str) -> None:
        """Raises DataError for an address that the host may not lead to."""
        if self._free or is_public(address):
            return
        raise DataError(
            f"{self._host} leads to {address}, which is not an address of the open internet: nothing was sent there",
            field=self._field,
            value=self._host,
            measured={"address": address},
            fixes=[f"name {address} itself, or list {self._host} in PORTOPT_PRIVATE_HOSTS, if it is meant"],
        )
