"""The second opinion on an answer. Never imports what made it."""

from portopt.audit.audit import audit, certify

__all__ = ["audit", "certify"]
