"""Long questions in few large pieces: each a function of ids, kept when it is finished, put together at the end.

A run's question and its pricing pack are on record under its id; a piece is worked out by whichever process is given the two
names, and lies in the home that they share (`ports.PieceStore`). Who comes after one that was killed finds what is finished.
"""

from portopt.questions.through_time.pieces.carrying import conclude, missing, opened, work
from portopt.questions.through_time.pieces.pack import open_pack
from portopt.questions.through_time.pieces.work import Work

__all__ = ["Work", "conclude", "missing", "open_pack", "opened", "work"]
