"""The way of one order to a running instrument: milestones, promises, forecasts, gates."""
