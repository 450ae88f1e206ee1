"""A walk-forward's flow in a process that will be killed: it writes down which piece is begun, and which is kept.

python history_child.py JOURNAL FORM        FORM: the form's JSON; PORTOPT_HOME and PREFECT_API_URL are the environment's
"""

from __future__ import annotations

import asyncio
import os
import sys

from flows.walk_forward import walk_forward
from portopt.adapters.store.pieces import FilePieceStore
from portopt.doors.history_form import WalkForwardForm
from portopt.questions.through_time.pieces.walk_forward import WalkForwardWork

begin, keep = WalkForwardWork.work, FilePieceStore.put
journal = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def begun(self, piece, done):
    os.write(journal, f"begun {piece}\n".encode())
    return begin(self, piece, done)


def kept(self, run_id, piece, content):
    keep(self, run_id, piece, content)
    os.write(journal, f"kept {piece}\n".encode())


WalkForwardWork.work, FilePieceStore.put = begun, kept
os.write(1, b"ready\n")
os.write(1, f"{asyncio.run(walk_forward(WalkForwardForm.model_validate_json(sys.argv[2])))}\n".encode())
os._exit(0)
