"""R8: whatever an upstream does, who speaks with it ends in bounded time, with an error in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from faults.promises.kept import Kept
from faults.promises.proxy import KINDS, upstream

from portopt.adapters.events.pulsar_sink import PulsarSink
from portopt.adapters.providers.http import HttpProvider
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import PortoptError
from portopt.domain.market import MarketQuery
from portopt.domain.run import Event

# Seconds beyond which the promise is broken: the bounds of each, as it states them, and as much again for a busy machine.
BOUNDS = {"prices": 20.0, "database": 30.0, "broker": 30.0}


def _prices(port: int) -> None:
    HttpProvider(f"http://127.0.0.1:{port}/", timeout_seconds=1.0, retry_seconds=4.0).prices(MarketQuery(("A",)))


def _database(port: int) -> None:
    SqlStore(f"postgresql://desk@127.0.0.1:{port}/portopt").health()


def _broker(port: int) -> None:
    sink = PulsarSink(f"pulsar://127.0.0.1:{port}", "persistent://public/default/nowhere")
    try:
        sink.deliver(Event("e1", "portfolio_optimized", "P1", {"event_id": "e1"}, datetime(2026, 1, 1, tzinfo=UTC)))
    finally:
        sink.close()


SPOKEN_WITH: Mapping[str, Callable[[int], None]] = {"prices": _prices, "database": _database, "broker": _broker}


def upstream_misbehaves(names: tuple[str, ...] = tuple(BOUNDS), kinds: tuple[str, ...] = KINDS, *, seed: int = 1) -> Kept:
    """Each of them with each kind of fault."""
    kept, longest = Kept("R8 an upstream is silent, slow or broken"), dict.fromkeys(names, 0.0)
    for name in names:
        for kind in kinds:
            kept.tried += 1
            with upstream(kind, seed) as port:
                began = time.monotonic()
                _fails_in_words(kept, f"{kind} {name}", lambda port=port, name=name: SPOKEN_WITH[name](port))
                took = time.monotonic() - began
            longest[name] = max(longest[name], took)
            kept.require(took <= BOUNDS[name], f"{kind} {name}: ended after {took:.1f} s, more than {BOUNDS[name]:g}")
    kept.measured |= {f"longest of {name}": f"{took:.1f} s" for name, took in longest.items()}
    return kept


def _fails_in_words(kept: Kept, what: str, ask: Callable[[], None]) -> None:
    try:
        ask()
    except PortoptError:
        return
    except Exception as error:
        kept.broken.append(f"{what}: {type(error).__name__} {error}")
    else:
        kept.broken.append(f"{what}: taken for an answer")
