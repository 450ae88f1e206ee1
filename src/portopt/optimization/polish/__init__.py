"""From a solver's answer to the optimum itself: exact zeros, exact sums, whichever solver began."""
