"""The tables that a user names at a door, read with the reading kit into values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.config_files import config_file
from portopt.domain.holdings import Holdings
from portopt.domain.request import RebalanceRequest
from portopt.domain.universe import Universe
from portopt.intake.book import Book
from portopt.intake.wanted import Wanted

if TYPE_CHECKING:
    from portopt.runtime import Runtime

SAMPLE, STORE, STDIN = "sample", "store", "-"


@dataclass(frozen=True, slots=True)
class BookNames:
    """Where a book stands. holdings: a file, `-`, `sample`, or `store` for the portfolio as its last run found it.

    universe, benchmark: files; None is the sample's where prices are the sample's, else what the files above say.
    lots: files of the lots that the shares lie in; `sample` is the sample book's.
    """

    portfolio_id: str
    holdings: str
    universe: str | None = None
    benchmark: str | None = None
    on_sample: bool = False
    lots: Sequence[str] = ()


def read_book(names: BookNames, runtime: Runtime) -> Book:
    """Raises FileNotReadable and DataError, naming the file, the row and the column."""
    notes: list[str] = []
    holdings, described = _holdings(names, runtime, notes)
    holdings = in_lots(holdings, names.lots, notes)
    candidates, benchmark = _candidates(names, notes), _benchmark(names, notes)
    return Book(holdings, described, candidates, benchmark, tuple(notes))


def _holdings(names: BookNames, runtime: Runtime, notes: list[str]) -> tuple[Holdings, Mapping[str, Mapping[str, Any]]]:
    from portopt.adapters.providers.holdings_files import read_holdings

    if names.holdings == STORE:
        return runtime.runs.holdings(names.portfolio_id), {}
    return read_holdings(holdings_file(names.holdings), names.portfolio_id, notes)


def holdings_file(name: str) -> Path:
    """The file that a name of holdings stands for."""
    return sample_file("holdings.csv") if name == SAMPLE else Path(name)


def in_lots(holdings: Holdings, lots: Sequence[str | Path], notes: list[str]) -> Holdings:
    """The holdings in the lots of these files; as they are where none is named. Errors as read_book."""
    if not lots:
        return holdings
    from portopt.adapters.providers.lot_files import with_lots

    return with_lots(holdings, [lots_file(name) for name in lots], notes)


def lots_file(name: str | Path) -> str | Path:
    """The file that a name among lots stands for."""
    return sample_file("lots.csv") if name == SAMPLE else name


def _candidates(names: BookNames, notes: list[str]) -> Universe | None:
    from portopt.adapters.providers.holdings_files import read_universe

    if names.universe is not None:
        return read_universe(Path(names.universe), notes)
    return read_universe(sample_file("universe.csv")) if names.on_sample else None


def _benchmark(names: BookNames, notes: list[str]) -> Mapping[str, float] | None:
    from portopt.adapters.providers.holdings_files import read_benchmark

    if names.benchmark is not None:
        return read_benchmark(Path(names.benchmark), notes)
    if names.on_sample:
        return read_benchmark(sample_file("benchmark.csv"))
    return benchmark_beside(names.universe, names.holdings)


def benchmark_beside(*files: str | None) -> Mapping[str, float] | None:
    """The weights of the first of these files that has a `benchmark_weight` column."""
    from portopt.adapters.providers.holdings_files import read_benchmark_column

    named = [name for name in files if name not in (None, SAMPLE, STORE, STDIN)]
    found = (read_benchmark_column(Path(str(name))) for name in named)
    return next((weights for weights in found if weights is not None), None)


def with_files_read(wanted: Wanted) -> Wanted:
    """The same words with the model, the composition and the actions that files hold in the place of the files' names."""
    from portopt.adapters.providers.model_files import read_composition, read_model
    from portopt.doors.action_files import actions_from

    read: Mapping[str, Callable[[Path], Any]] = {
        "model": read_model,
        "look_through": read_composition,
        "actions": lambda path: actions_from(path, []),
    }
    files = {name: wanted.get(name) for name in read if isinstance(wanted.get(name), str | Path)}
    found: Any = {**wanted, **{name: read[name](Path(str(path))) for name, path in files.items()}}
    return found  # type: ignore[no-any-return]  # the same names


def with_factor_returns(request: RebalanceRequest) -> RebalanceRequest:
    """The request with the factor returns that its policy's factor model names, read from where it names them."""
    factors = request.policy.estimation.factors
    if not factors:
        return request
    from portopt.adapters.providers.factor_files import factor_returns_for

    return dataclasses.replace(request, factor_returns=factor_returns_for(factors))


def priced_by(request: RebalanceRequest, provider: str) -> RebalanceRequest:
    """The request on the prices of `provider`, which may be `files:PATH`."""
    return dataclasses.replace(request, provider=provider)


def sample_file(name: str) -> Path:
    """A file of the sample book: beside the package when installed, in `config/` in a checkout."""
    return config_file(f"sample/{name}")
