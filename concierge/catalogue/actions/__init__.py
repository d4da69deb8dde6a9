"""What people do to the catalogue."""
