"""Carries out retention: `retention_child.py MOMENT`, of the installation at PORTOPT_HOME."""

from __future__ import annotations

import sys
from datetime import datetime

from portopt.domain.retention import Days
from portopt.runs.retention import carry_out
from portopt.runtime import open_runtime

if __name__ == "__main__":
    carry_out(open_runtime(), datetime.fromisoformat(sys.argv[1]), Days(runs=30, waves=30, reports=30, packs=30))
