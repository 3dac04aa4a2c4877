"""Training jobs: each runs in a process of its own, so that the server goes on answering."""
