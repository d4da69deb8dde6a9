"""The customer's page: what we need of them, when we come, and what they asked, behind a signed link."""
