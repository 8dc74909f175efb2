"""The views of a report: `search` shows how a search went, and compares nothing."""

from reports.view import View
from reports.views.search import look_of, views

__all__ = ["View", "look_of", "views"]
