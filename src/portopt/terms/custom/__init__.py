"""Objectives and limits that users write themselves: an expression, or a function of an installed package, in cvxpy's rules."""
