"""Off-policy evaluation: what a policy would have earned on decisions that another one made."""
