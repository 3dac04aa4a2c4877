"""An engine in a process of its own: what it does to its memory, its time or its process hurts nobody else."""
