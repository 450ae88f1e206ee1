"""The exact answer to a program of weights from what stood where in the answer to one like it.

    risks      what a covariance is asked for: products and blocks, dense or in factors
    kinked     a form read as a program of its weights alone, with a kink at the book where trading costs something
    standing   where every weight and row stands, and what is wrong with that
    settled    the optimality conditions solved for one such standing
    answer     the door: correct the standing until nothing is wrong, and put the answer into the form's own columns

A portfolio differs from the next one on the same covariance in a few dozen places, and a round costs one product with the
covariance and a system of the weights that are free: a twentieth of a solve. Buys and sells are not columns here: at 500
assets the polish, which has them, takes ten times as long over the same rounds.
"""
