"""The pages of home, and what the shell around every page shows."""

from concierge.home.views import finding, moving, project, shell, styleguide, theme, today, undoing
from concierge.home.views.blueprint import bp

__all__ = ["bp", "finding", "moving", "project", "shell", "styleguide", "theme", "today", "undoing"]
