"""What each tenant has to itself, and what all of them share."""
