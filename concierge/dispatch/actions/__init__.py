"""What dispatchers do."""
