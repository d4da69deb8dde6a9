"""The first page of the day, the search, and the style guide."""
