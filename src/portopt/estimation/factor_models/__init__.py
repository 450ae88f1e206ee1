"""Returns to a FactorModel: on given factor returns, on given exposures, or on factors found in the returns themselves."""

from portopt.estimation.factor_models.choice import FactorChoice, read_choice
from portopt.estimation.factor_models.cross_sectional import cross_sectional
from portopt.estimation.factor_models.estimate import factor_model
from portopt.estimation.factor_models.statistical import statistical
from portopt.estimation.factor_models.time_series import time_series

__all__ = ["FactorChoice", "cross_sectional", "factor_model", "read_choice", "statistical", "time_series"]
