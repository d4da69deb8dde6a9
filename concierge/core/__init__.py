"""The arithmetic of Concierge: values in, values out; standard library only, no clock, database or web."""
