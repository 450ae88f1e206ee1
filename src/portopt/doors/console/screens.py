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
