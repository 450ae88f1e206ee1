"""The options of a rebalance, put together into one complete request. Nothing is written while they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from portopt.domain.errors import MissingInput
from portopt.doors.commands.documents import read_sets, read_wish_of
from portopt.doors.commands.policy_files import find_policy

if TYPE_CHECKING:
    from portopt.dialects.portfolio import Wish
    from portopt.domain.request import RebalanceRequest
    from portopt.doors.files import BookNames
    from portopt.intake.wanted import Wanted
    from portopt.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Options:
    """The command line's words for a rebalance. sets: `path=value` texts, applied to the policy in order. wanted: in a
    desk's words. lots: files."""

    holdings: str | None = None
    prices: Path | None = None
    policy: str = "quality_focused"
    universe: Path | None = None
    benchmark: Path | None = None
    as_of: str | None = None
    provider: str | None = None
    portfolio_id: str | None = None
    fractional: bool | None = None
    sets: Sequence[str] = ()
    request: str | None = None
    wanted: Wanted = field(default_factory=dict)  # type: ignore[assignment]  # nothing
    lots: Sequence[str] = ()


def read_rebalance(options: Options, runtime: Runtime) -> RebalanceRequest:
    """Raises RequestError for what was asked wrongly, DataError for files that hold something else."""
    from portopt.doors.files import priced_by, read_book, with_factor_returns, with_files_read
    from portopt.intake.book import day_of
    from portopt.intake.policy import Wishes
    from portopt.intake.request import rebalance_request
    from portopt.intake.wanted import with_wanted

    if options.holdings is None:
        fixes = ["--holdings holdings.csv", "--holdings sample for the demonstration book", "--holdings store for the last one"]
        raise MissingInput("--holdings is missing", field="--holdings", fixes=fixes)
    foreign = None if options.request is None else read_wish_of(options.request)
    provider, as_of = _provider(options, runtime), day_of(options.as_of, "--as-of")
    asked = Wishes(foreign, changes=read_sets(options.sets), fractional=options.fractional)
    wishes = with_wanted(asked, with_files_read(options.wanted), _as_option)
    # The files first: a policy's id may open the database, and nothing is to be written for a file that cannot be read.
    book = read_book(_names(options, options.holdings, foreign, provider), runtime)
    request = rebalance_request(book, find_policy(options.policy, runtime), wishes, as_of=as_of)
    return with_factor_returns(priced_by(request, provider))


def _as_option(word: str) -> str:
    """How a word is spelled on the command line."""
    return f"--{word.replace('_', '-')}"


def _names(options: Options, holdings: str, foreign: Wish | None, provider: str) -> BookNames:
    """The files, and whose book it is: as said, as another service asks, or as the holdings' file is called."""
    from portopt.doors.files import SAMPLE, BookNames

    asked = None if foreign is None else foreign.portfolio_id
    return BookNames(
        portfolio_id=options.portfolio_id or asked or _stem(holdings),
        holdings=holdings,
        universe=None if options.universe is None else str(options.universe),
        benchmark=None if options.benchmark is None else str(options.benchmark),
        on_sample=provider == SAMPLE,
        lots=options.lots,
    )


def _stem(holdings: str) -> str:
    """The portfolio's id when none is given: the file's name without its endings."""
    name = Path(holdings).name
    return (name.split(".")[0] or "portfolio")[:64]


def _provider(options: Options, runtime: Runtime) -> str:
    from portopt.dialects.reading import one_of
    from portopt.domain.errors import InvalidValue
    from portopt.runtime import PROVIDERS

    if options.prices is not None:
        if options.provider not in (None, "files"):
            raise InvalidValue("--provider", options.provider, "does not read the file of --prices", fix="leave --provider out")
        return f"files:{options.prices}"
    if options.provider is None:
        return str(runtime.settings.market)
    if not options.provider.removeprefix("files:") or not options.provider.startswith("files:"):
        one_of(options.provider, "--provider", PROVIDERS)
    return options.provider
