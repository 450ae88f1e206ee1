"""What may be wanted and what is forbidden, one file each.

A portfolio is the same in every term: w is (n,) weights, fractions of portfolio value, in the universe's order. So it is in

    express(…)                                                  the whole portfolio as the program's columns
    read(w, p), value(w, p), convex_value(w, p), priced(w, p)   the auditor's voice of limits, objectives and costs
    gradient(w, p)                                              (n,), of a risk measure
    amount(w, p), charge(w, p), slope(w, p)                     of an axis of a multi-objective choice
    variance(w, p), worst(w, p), penalty(w, p)                  at the worst of a set of beliefs
"""
