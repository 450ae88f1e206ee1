"""The pages of the service: its reference and one page a problem, plain HTML that needs no network and runs no script."""
