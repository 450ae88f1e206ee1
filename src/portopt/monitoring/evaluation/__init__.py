"""One evaluation in parts: figures as columns, expressions over all subjects at once, episodes, silences, what is owed."""
