"""Prices as delivered, checked and made into an immutable snapshot."""

from portopt.market.asked_about import with_shares_judged
from portopt.market.snapshot import judge_histories, open_snapshot, pack_id, quarantined, recheck

__all__ = ["judge_histories", "open_snapshot", "pack_id", "quarantined", "recheck", "with_shares_judged"]
