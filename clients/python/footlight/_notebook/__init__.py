"""What notebooks show of answers and assets: HTML and nothing that runs."""
