"""The catalog of the screens: one line an address."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Final

from portopt.doors.console.seen import Screens

PAGES = "portopt.doors.console.pages"
ROOT = "/console"


@dataclass(frozen=True, slots=True)
class Screen:
    """path: under /console. shows: `module:function` under pages/. scope: without which it is not shown; the operations that it
    asks look for theirs too.
    """

    path: str
    shows: str
    scope: str = "read"
    method: str = "GET"

    def function(self) -> Screens:
        module, _, name = self.shows.partition(":")
        found: Screens = getattr(import_module(f"{PAGES}.{module}"), name)
        return found


SCREENS: Final = (
    Screen("", "desk:desk"),
    Screen("/desk/events", "desk:events"),
    Screen("/propose", "propose:preview", "propose"),
    Screen("/propose", "propose:start", "propose", method="POST"),
    Screen("/waves", "waves:waves"),
    Screen("/waves/{wave_id}", "waves:wave"),
    Screen("/waves/{wave_id}/events", "waves:events"),
    Screen("/waves/{wave_id}/decide", "waves:decide", "approve", method="POST"),
    Screen("/waves/{wave_id}/cancel", "waves:cancel", "propose", method="POST"),
    Screen("/runs", "runs:runs"),
    Screen("/runs/difference", "runs:difference"),
    Screen("/runs/{run_id}/report", "runs:report"),
    Screen("/runs/{run_id}/replay", "runs:replay", method="POST"),
    Screen("/runs/{run_id}/afterwards", "afterwards:of_run"),
    Screen("/afterwards", "afterwards:afterwards"),
    Screen("/packs", "packs:packs"),
    Screen("/packs/difference", "packs:difference"),
    Screen("/packs/{pricing_pack_id}", "packs:pack"),
    Screen("/policies", "policies:policies"),
    Screen("/policies/{policy_id}", "policies:policy"),
    Screen("/policies/{policy_id}/edit", "policies:edit", "import"),
    Screen("/policies/{policy_id}/edit", "policies:change", "import", method="POST"),
    Screen("/terms/{catalog}/{name}", "terms:term"),
    Screen("/backtests", "backtests:backtests"),
    Screen("/backtests/new", "backtests:new", "propose"),
    Screen("/backtests/new", "backtests:begin", "propose", method="POST"),
    Screen("/backtests/{kind}/{id}", "backtests:backtest"),
    Screen("/backtests/{kind}/{id}/events", "backtests:events"),
    Screen("/backtests/{kind}/{id}/report", "backtests:report"),
    Screen("/backtests/{kind}/{id}/cancel", "backtests:cancel", "propose", method="POST"),
    Screen("/alerts", "alerts:alerts"),
    Screen("/alerts/{alert_id}", "alerts:alert"),
    Screen("/alerts/{alert_id}/acknowledge", "alerts:acknowledge", "watch", method="POST"),
    Screen("/alerts/{alert_id}/close", "alerts:close", "watch", method="POST"),
    Screen("/alerts/{alert_id}/silence", "alerts:silence", "watch", method="POST"),
    Screen("/silences/{silence_id}/end", "alerts:end_silence", "watch", method="POST"),
    Screen("/figures", "figures:figures"),
    Screen("/runs/{run_id}", "proposal:proposal"),
    Screen("/runs/{run_id}/state", "proposal:state"),
    Screen("/runs/{run_id}/alternatives", "alternatives:alternatives", "propose"),
    Screen("/runs/{run_id}/alternatives", "alternatives:keep", "propose", method="POST"),
    Screen("/runs/{run_id}/document", "proposal:document"),
    Screen("/runs/{run_id}/trades/{asset_id:path}", "drill:trade"),
    Screen("/runs/{run_id}/solved/trades/{asset_id:path}", "drill:trade_solved", "propose"),
    Screen("/runs/{run_id}/solved/limits/{limit:path}", "drill:limit_solved", "propose"),
    Screen("/runs/{run_id}/limits/{limit:path}", "drill:limit"),
    Screen("/runs/{run_id}/what-if", "what_if:what_if", "propose"),
    Screen("/runs/{run_id}/what-if", "what_if:keep", "propose", method="POST"),
    Screen("/runs/{run_id}/edit", "edit:edit", "propose"),
    Screen("/runs/{run_id}/edit", "edit:keep", "propose", method="POST"),
    Screen("/runs/{run_id}/decide", "decide:deciding"),
    Screen("/runs/{run_id}/decide", "decide:decide", "approve", method="POST"),
    Screen("/settings", "settings:settings"),
    Screen("/settings", "settings:change", method="POST"),
)
