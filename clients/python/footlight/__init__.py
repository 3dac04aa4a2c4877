"""The Footlight client."""
