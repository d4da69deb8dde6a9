"""Customers: accounts, their sites and contacts."""
