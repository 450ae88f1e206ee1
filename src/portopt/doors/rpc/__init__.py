"""gRPC: the second transport of the catalog in doors/wire."""
