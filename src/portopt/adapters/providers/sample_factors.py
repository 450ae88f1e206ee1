"""Real daily returns of five factor funds, 2014 to 2022, and of the index, 1990 to 2022: beside the sample prices.

Out of the data files of an installed skfolio (BSD-3-Clause), which is never imported; for tests and examples only.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence

from portopt.adapters.providers.factor_tables import table_factors
from portopt.adapters.providers.reading import read_table
from portopt.adapters.providers.sample import data_file
from portopt.domain.errors import UnknownField
from portopt.domain.factor_returns import FactorReturns
from portopt.tables.table import of_frame

FUNDS = ("MTUM", "QUAL", "SIZE", "USMV", "VLUE")
INDEX = "SP500"
FUND_FILE = "datasets/data/factors_dataset.csv.gz"
INDEX_FILE = "datasets/data/sp500_index.csv.gz"


def sample_factors(names: Sequence[str] | None = None) -> FactorReturns:
    """MTUM (momentum), QUAL (quality), SIZE, USMV (low volatility), VLUE (value) and SP500, or those of `names`.

    Total returns of funds, a price index without dividends; not net of the risk-free rate. SP500 alone goes back to 1990.
    Raises UnknownField for another name, MissingInput where the data are not installed.
    """
    wanted = (*FUNDS, INDEX) if names is None else tuple(names)
    for name in wanted:
        if name not in (*FUNDS, INDEX):
            raise UnknownField(name, (*FUNDS, INDEX), path="estimation.factors.names", value=name)
    where = f"sample factors of skfolio {importlib.metadata.version('skfolio')}"
    index, funds = (INDEX in wanted), any(name in FUNDS for name in wanted)
    files = ([FUND_FILE] if funds else []) + ([INDEX_FILE] if index else [])
    tables = [read_table(data_file(file)).frame() for file in files]
    table = tables[0] if len(tables) == 1 else tables[0].join(tables[1], on="Date", how="inner")
    return table_factors(of_frame(table, mark="."), where, wanted, kind="prices", excess=False)
