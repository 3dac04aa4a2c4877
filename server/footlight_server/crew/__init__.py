"""Several server processes on one port, over one data directory, looked after by a parent."""
