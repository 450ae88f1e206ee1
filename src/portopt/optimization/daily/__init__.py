"""The weights of one day from those of the day before: the optimum of a solve, for a small part of its work.

template   what stays of a problem from day to day, read off its own program
day        the program of one day, dense
tableau    its optimality conditions as a table, and what changes places in it
places     what each place that a weight may have means
state      where everything stands while the answer is looked for
rounds     all that is wrong at once; walk: corner by corner; bend: where along tau the answer is
solve      the door; check: the second look; prices: what presses on the answer
"""
