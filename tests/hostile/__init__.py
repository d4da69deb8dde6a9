"""What strangers and careless people put in, and what must not come of it."""
