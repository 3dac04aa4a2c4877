"""The doors: one file a service. Each method converts, makes one call, and converts back."""
