"""The checklist on paper: its values, its words, how rows fill it, and its print."""
