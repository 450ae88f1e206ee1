"""Parts of the page of the watch."""
