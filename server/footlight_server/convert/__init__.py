"""Where the wire and the domain meet: plain functions, one file a service. Nothing else builds or reads messages."""
