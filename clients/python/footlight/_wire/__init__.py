"""The one place where the types of the client meet the messages of the wire."""
