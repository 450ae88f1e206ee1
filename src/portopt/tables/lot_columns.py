"""How brokers and people call the columns of a list of lots."""

from __future__ import annotations

from portopt.tables.names import ASSET, CLOSE
from portopt.tables.row_columns import Wanted

SHARES = ("shares", "quantity", "qty", "units")
DATES = ("acquired_on", "closed_on")
ACQUIRED = (
    "acquired_on", "acquired", "acquired_date", "date_acquired", "acquisition_date", "acq_date", "open_date", "opened_date",
    "date_opened", "opened", "open_date/time", "opendatetime", "open_date_time", "purchase_date", "date_purchased", "purchased",
    "buy_date", "original_purchase_date", "lot_date", "kaufdatum",
)  # fmt: skip
CLOSED = (
    "closed_on", "closed", "closed_date", "close_date", "date_closed", "date_sold", "sold", "sold_date", "sale_date",
    "sell_date", "date_sold_or_disposed", "date_of_sale", "disposal_date", "close_date/time", "verkaufsdatum",
)  # fmt: skip
PER_SHARE = (
    "cost_per_share", "cost/share", "cost_basis_price", "costbasisprice", "cost_price", "unit_cost", "average_cost_basis",
    "average_cost", "average_cost_per_share", "avg_cost", "avg._cost", "avg_cost_basis", "avg_cost/share", "purchase_price",
    "price_paid", "price_paid_$", "buy_price", "cost_basis_per_share", "cost_basis/share", "cost_per_unit", "basis_per_share",
    "einstandskurs", "kaufkurs",
)  # fmt: skip
TOTAL = (
    "total_cost", "cost_basis", "cost_basis_total", "total_cost_basis", "cost_basis_money", "costbasismoney", "total_basis",
    "adjusted_cost_basis", "adjusted_cost", "adjusted_basis", "cost_or_other_basis", "total_cost_$", "einstandswert",
)  # fmt: skip
LOT_ID = ("lot_id", "lot", "lot_number", "lot_no", "lot_no.", "lot_#", "tax_lot_id", "tax_lot", "lot_name")

# Of a list of holdings too; a name that comes near one of these is no slip of it.
OF_A_LOT = {"acquired_on": ACQUIRED, "lot_id": LOT_ID, "cost_per_share": PER_SHARE, "total_cost": TOTAL}
COSTS = ("cost_per_share", "total_cost")
PROCEEDS = ("proceeds_per_share", "proceeds")
DOCUMENTS = ("tax_lots", "closed_lots", "tax_year")
VALUES = ("market_value", "mkt_val", "current_value", "position_value", "positionvalue", "value")

LOTS = Wanted(
    {
        "asset": (*ASSET, "symbol/cusip", "symbol(cusip)", "security_symbol"),
        "shares": (*SHARES, "position", "open_quantity", "remaining_quantity", "lot_quantity", "stück", "anzahl"),
        **OF_A_LOT,
        "acquired_on": (*ACQUIRED, "open", "date", "trade_date"),
        "closed_on": CLOSED,
        "proceeds_per_share": ("proceeds_per_share", "proceeds/share", "sale_price", "sell_price", "verkaufskurs"),
        "proceeds": ("proceeds", "total_proceeds", "sale_proceeds", "sales_proceeds", "gross_proceeds", "net_proceeds"),
        "cost": ("cost", "kosten"),
        "price": ("price", "kurs"),
        "currency": ("currency", "currencyprimary", "ccy"),
        "detail": ("datadiscriminator", "levelofdetail", "level_of_detail"),
        "side": ("side", "long/short"),
    },
    required=("shares",),
    numbers=("shares", *COSTS, *PROCEEDS, "cost", "price"),
    beside=(*CLOSE[:-1], *VALUES, "unadjusted_cost_basis", "term", "holding_period", "account", "name", "description"),
    loose=("lot_id", "acquired_on", "closed_on", *COSTS, *PROCEEDS, "cost", "price", "currency", "detail", "side"),
    what="lots",
    documents=DOCUMENTS,
)  # fmt: skip
