"""Estimators of covariance, one file each."""
