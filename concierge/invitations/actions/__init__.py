"""The verbs of invitations: sending them, and taking answers."""
