"""Who may come in: tokens, certificates, and how fast a caller may call."""
