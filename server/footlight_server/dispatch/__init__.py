"""From a request to an engine and back: who asks, which deployment, is there room, until when, what is recorded.

Nothing here knows the transport, so that every door shares it.
"""
