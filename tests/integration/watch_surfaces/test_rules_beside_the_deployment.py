"""The rules that the deployment gives Prometheus are those in force, over metrics that the service gives."""

from __future__ import annotations

import re

from support import REPOSITORY

from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.prometheus_names import limit_metric_of, metric_of
from portopt.monitoring.rules.prometheus import RULES_FILE, rules_file
from portopt.monitoring.rules.standard import shipped_rules

DEPLOYED = REPOSITORY / "config" / "deploy" / "prometheus"


def test_the_exported_rules_of_the_deployment_are_those_that_are_shipped() -> None:
    """`portopt rules export --prometheus --into config/deploy/prometheus` writes them again."""
    assert (DEPLOYED / RULES_FILE).read_text(encoding="utf-8") == rules_file(shipped_rules())
    assert RULES_FILE in (DEPLOYED / "prometheus.yaml").read_text(encoding="utf-8")


def test_every_metric_of_these_rules_is_a_figure_of_the_catalog_or_its_limit() -> None:
    known = {named(figure) for figure in CATALOG for named in (metric_of, limit_metric_of)}
    named_here = set(re.findall(r"\bportopt_\w+", (DEPLOYED / RULES_FILE).read_text(encoding="utf-8")))
    assert len(named_here) > 20
    assert sorted(named_here - known) == []
