"""People who sign in: users, roles, sessions, secret links; and who is looking."""
