"""Calendars that other programs subscribe to: entries rendered once, addresses, answers."""
