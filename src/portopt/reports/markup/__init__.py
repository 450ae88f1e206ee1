"""The page's HTML, a file a part. Written out here: a template would be compiled anew in every process that writes a report."""
