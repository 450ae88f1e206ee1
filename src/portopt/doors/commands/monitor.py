"""`portopt monitor`: measure, judge, tell; once, or every PORTOPT_WATCH_SECONDS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, say_now, words


def monitor(
    follow: Annotated[bool, typer.Option("--follow", help="Go on until a signal ends it, as a worker does.")] = False,
    as_json: Json = False,
) -> Shown:
    """Measure every figure, judge the rules over them, and tell of what changed."""
    from portopt.runs.watch import watching
    from portopt.runtime import runtime

    if follow:
        from portopt.doors.processes.signals import told_to_stop

        with told_to_stop() as stopping:
            looks = watching.follow(runtime(), stopping, lambda said: say_now(said, *_lines(said)))
        return Shown({"looks": looks}, words(f"looked {looks} times"))
    found = watching.watch(runtime())
    return Shown(found.document(), words(*_lines(watching.told(found)), *found.notes))


def _lines(said: Mapping[str, Any]) -> list[str]:
    waits = [f"{channel} waits: {why}" for channel, why in said["waits"].items()]
    return [f"{said['watched']}  {said['figures']} figures, {len(said['notices'])} notices", *said["notices"], *waits]
