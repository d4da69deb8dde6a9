"""The installed base: which unit stands where, and since when its clocks run."""
