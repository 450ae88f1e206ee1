"""Views: what is believed beside the data, mixed into the moments after they are formed."""

from portopt.estimation.views.application import apply_views, views_applied

__all__ = ["apply_views", "views_applied"]
