"""The two clients: twins that run the same calls, one waiting in threads and one in an event loop."""
