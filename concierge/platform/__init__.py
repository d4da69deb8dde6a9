"""What every slice stands on: database, clock, events, jobs, mail, files. It knows no slice."""
