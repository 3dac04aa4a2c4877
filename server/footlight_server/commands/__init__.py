"""Commands that the server adds to the command line."""
