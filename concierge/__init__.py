"""Concierge: one truth from a purchase order to a trained customer."""
