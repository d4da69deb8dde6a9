"""Is the site ready: checklists, answers, evidence, and the document that goes to the customer."""
