"""The page's HTML, a file a part; elements that every report shares are in reports/markup/elements.py."""
