"""Ways to put one number on how bad a portfolio can be, each for the solver and for the auditor."""
