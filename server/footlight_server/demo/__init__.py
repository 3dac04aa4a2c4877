"""``footlight demo``: the whole house in a few minutes, on real data, through the public API."""
