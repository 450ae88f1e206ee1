"""Real daily prices of 20 US stocks, 1990 to 2022, out of the data files of an installed skfolio (never imported).

The package is BSD-3-Clause; its authors give the data for tests and examples only, and it ends in December 2022.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

import polars as pl

from portopt.domain.errors import MissingInput
from portopt.domain.market import MarketQuery
from portopt.tables.account import Account
from portopt.tables.files import read_file
from portopt.tables.head import score_of_prices
from portopt.tables.prices import prices_of

DATA_FILE = "datasets/data/sp500_dataset.csv.gz"


class SampleProvider:
    """The sample market. Prices are adjusted for splits and dividends, and old: good for a first look, not for money."""

    name = "sample"
    adjustment = "adjusted"
    notes: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.path = data_file(DATA_FILE)
        version = importlib.metadata.version("skfolio")
        self.source = f"sample data of skfolio {version}: 20 US stocks to December 2022, stale, for examples only"

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        """See ports.MarketDataProvider."""
        said = Account("the sample data")
        return prices_of(read_file(self.path, score_of_prices, said), said).long


def data_file(name: str) -> Path:
    """Where the package keeps that file. Raises MissingInput where it does not."""
    # find_spec on a top-level name locates the package without running it.
    spec = importlib.util.find_spec("skfolio")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        file = Path(folder) / name
        if file.is_file():
            return file
    raise MissingInput(
        "the sample prices are carried by the package skfolio, which is not installed here"
        if spec is None
        else f"the installed skfolio does not carry {name}",
        field="provider",
        value="sample",
        fixes=["pip install 'portfolio-optimization-service[sample]'", "name a file of prices instead"],
    )
