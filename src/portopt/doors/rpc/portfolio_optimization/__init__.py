"""The contract and what is generated from it (`portfolio_optimization_pb2.py`; the command stands in its test)."""
