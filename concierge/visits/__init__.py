"""Scheduled presence at a site: who comes when, for how long, and whether it is certain."""
