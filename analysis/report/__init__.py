"""A study as one page that needs nothing else; `build.py` writes it, `_page.py` assembles it."""
