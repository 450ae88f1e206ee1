"""The REST door: HTTP to calls, replies to HTTP. What is answered stands in `doors/wire`."""
