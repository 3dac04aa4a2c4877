"""The second door: the same calls over HTTP by the Connect protocol, for browsers and for whoever has no gRPC."""
