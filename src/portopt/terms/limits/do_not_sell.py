"""What may not be sold; it may be kept or added to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portopt.terms.shared.one_way import Member, OfAssets


@dataclass(frozen=True, slots=True)
class DoNotSell(OfAssets):
    """w_i >= w_prev_i    for the assets named; w_prev: the book before the trade

    assets: ids, groups by one attribute each, {"sector": "Energy"}, and accounts, {"account": "IRA"}: of what lies in one, of
    w_prev_i, that part stays. slack: see OneWay.
    """

    assets: tuple[Member, ...]
    slack: float = 0.0

    kind: ClassVar[str] = "do_not_sell"
    verb: ClassVar[str] = "sold"
    bought: ClassVar[bool] = True
    takes_accounts: ClassVar[bool] = True

    @property
    def stops(self) -> str:
        """Named with the accounts, where it speaks of nothing else."""
        accounts = [member["account"] for member in self.assets if not isinstance(member, str) and "account" in member]
        return f"do-not-sell of account {', '.join(accounts)}" if len(accounts) == len(self.assets) else "do-not-sell"
