"""What can be done about technicians and working days."""
