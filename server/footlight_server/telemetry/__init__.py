"""What an operator sees of a running server: metrics, one line a call, traces, health over HTTP."""
