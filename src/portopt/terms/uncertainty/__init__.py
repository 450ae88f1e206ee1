"""How wrong the beliefs may be: sets of expected returns and covariances that an answer must withstand."""
