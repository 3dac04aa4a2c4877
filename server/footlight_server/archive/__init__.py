"""Backups, restores and exports: everything that leaves the house in one piece, or comes back."""
