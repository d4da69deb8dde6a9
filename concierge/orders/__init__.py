"""What was bought: orders as they come in from other systems, line by line."""
