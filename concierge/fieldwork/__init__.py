"""The technician's day: what is done at a visit, with or without network, and the record of it."""
