"""The verbs of readiness: issue, date, answer, attach, keep a print, send."""
