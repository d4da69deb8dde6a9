"""The arithmetic of Concierge: values in, values out; standard library only, no clock, no database, no web."""
