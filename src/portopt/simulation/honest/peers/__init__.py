"""The same rows put to other libraries, where they are installed and can be asked. None of them is needed here."""

from portopt.simulation.honest.peers.asking import PEERS, asked_of

__all__ = ["PEERS", "asked_of"]
