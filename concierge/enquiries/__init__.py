"""Capable to promise: what sales can promise before there is an order, and holds that expire."""
