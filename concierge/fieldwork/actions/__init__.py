"""The verbs of the field: taking changes, photos and signatures, and issuing records."""
