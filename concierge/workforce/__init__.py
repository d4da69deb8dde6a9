"""Who works when: technicians, skills, absences, company closures and the working calendar of a place."""
