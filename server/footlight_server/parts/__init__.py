"""Parts that plug-ins bring, at work: what an answer passes through between the engine and the caller."""
