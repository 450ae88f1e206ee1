"""The one way from values to a rebalance request: for the form, the command line and the notebook, and every door to come.

    request    a book, a policy and what is wished in place of its words -> a RebalanceRequest, checked
    book       what is held, what may be bought and what is measured against
    policy     the wishes laid over a policy, in one order whoever asks
    wanted     money in and out, and what may be traded, in a desk's words
    labelled   what is said of assets by name: weights, beliefs, attributes, a covariance

Nothing here opens a file, and no value names one: a door reads what its user names, and hands in what stands there.
"""
