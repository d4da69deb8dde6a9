"""What is done with stock, enquiries and holds."""
