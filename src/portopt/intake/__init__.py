"""The one way from values to a request: for the form, the command line and the notebook, and for every door to come.

    request    what is held, a policy and what is wished in place of its words -> a RebalanceRequest, checked
    policy     the wishes laid over a policy, in one order whoever asks
    question   beliefs, returns and limits -> an OptimizationRequest
    labelled   what is said of assets by name: weights, beliefs, attributes, a covariance

Nothing here opens a file: a door reads the files that its user names, and hands in what stands in them.
"""
