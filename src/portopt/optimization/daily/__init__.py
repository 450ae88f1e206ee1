"""The weights of one day from those of the day before: the optimum of a solve, for a small part of its work.

template   what stays of a problem from day to day, read off its own program; impact: of what costs more the more is traded
day        the program of one day, dense
places     what each place that a weight or a row may have means
rounds     all that is wrong at once, each time from a factorization of what is free (factored)
walk       corner by corner, where rounds do not settle; state: where everything stands on it; tableau: where many are free
bend       where along tau the answer is; powers: days on which a trade costs its 3/2 power
settle     rounds, walk and the last digits; solve: the door; check: the second look; prices: what presses on the answer
"""
