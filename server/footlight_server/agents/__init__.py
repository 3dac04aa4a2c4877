"""Agents at work: an agent is the replay of its own log."""
