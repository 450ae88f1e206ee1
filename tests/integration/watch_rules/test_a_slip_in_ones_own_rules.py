"""A slip in a deployment's own rules: the shipped ones go on, what fired of the others stays, and somebody is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from made_watch import P1, rule_text

from portopt.domain.watch import AlertState, Figure
from portopt.runs.watch.watching import evaluate_now, take
from portopt.runtime import open_runtime
from portopt.settings import Settings


def test_a_slip_ends_nothing_and_is_told_until_it_is_corrected(tmp_path: Path) -> None:
    own = tmp_path / "rules"
    (own / "runbooks").mkdir(parents=True)
    (own / "runbooks" / "page.md").write_text("# ours\n")
    sound = rule_text("book_drift > limit(book_drift)", name="ours")
    runtime = open_runtime(Settings(home=tmp_path / "home", rules_path=own))
    begin, said = runtime.alerts.now(), []
    for minute, text in enumerate([sound, sound.replace("book_drift >", "book_drft >"), sound]):
        (own / "ours.yaml").write_text(text)
        at = begin + timedelta(minutes=minute)
        take(runtime, at)
        runtime.figures.put([Figure("book_drift", P1, at, 0.06, 0.05)])
        judged = evaluate_now(runtime, at)
        assert judged is not None
        said.append([(one.alert.rule, one.told.value) for one in judged.evaluated.notices if one.alert is not None])
        (ours,) = runtime.alerts.list(None, rule="ours")
        assert ours.state is AlertState.FIRING
    assert said == [[("ours", "firing")], [("own_rules_refused", "firing")], [("own_rules_refused", "resolved")]]
    (told,) = runtime.alerts.list(None, states=[AlertState.RESOLVED], rule="own_rules_refused")
    assert told.worst == 1.0
