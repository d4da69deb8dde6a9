"""Invitations to visits by mail, and the answers that come back (RFC 5545, 5546, 6047)."""
