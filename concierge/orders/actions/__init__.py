"""What is done to orders: taking documents in, matching lines to the catalogue, settling a cancellation."""
