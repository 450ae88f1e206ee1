"""Why there is no portfolio: the smallest sets of limits that conflict, and fixes that were solved before they are named."""

from portopt.diagnosis.diagnose import diagnose
from portopt.diagnosis.quick_checks import check_before
from portopt.diagnosis.relax_in_order import relax_in_order

__all__ = ["check_before", "diagnose", "relax_in_order"]
