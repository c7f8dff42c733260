"""Three worked examples from end to end: a page each, and `python -m docs.exemples NAME`, which runs what the page shows."""
