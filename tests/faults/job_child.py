"""Carries out one job, and dies at one step boundary of its flow: `job_child.py JOB before|after STEP`."""

from __future__ import annotations

import sys

from child import die_at

from portopt.doors.processes.runner import carry_out
from portopt.runtime import runtime

if __name__ == "__main__":
    job_id, when, step = sys.argv[1:4]
    die_at(when, step)
    carry_out(runtime().jobs.get(job_id), runtime())
