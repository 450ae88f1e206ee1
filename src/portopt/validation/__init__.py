"""The second opinion: diagnosis before, audit after. Never imports what made the answer."""

from portopt.validation.arithmetic import check_before
from portopt.validation.audit import audit, certify
from portopt.validation.diagnosis import diagnose
from portopt.validation.relaxation_order import relax_in_order

__all__ = ["audit", "certify", "check_before", "diagnose", "relax_in_order"]
