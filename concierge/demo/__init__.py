"""The demo company: instruments, playbooks, customers and projects that are made up around real figures."""
