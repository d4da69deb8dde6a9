"""What is done with units of the installed base."""
