"""The files that generators learn from, and the assets that they make."""
