"""What REST and gRPC share: a call comes in as bytes, an operation of the catalog answers it, a reply goes out as bytes."""
