"""The second opinion: diagnosis before, audit after. Never imports what made the answer."""

from portopt.validation.audit import audit, certify

__all__ = ["audit", "certify"]
