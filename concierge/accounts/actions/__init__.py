"""What people do to customers' records."""
