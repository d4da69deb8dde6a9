"""The verbs of feeds: writing entries, and making and ending addresses."""
