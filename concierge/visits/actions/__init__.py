"""What can be done about visits."""
