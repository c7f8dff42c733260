"""The Gradio page: one file per tab, and `serve.py` that puts them together.

Gradio takes seconds to import, so each function that needs it imports it.
"""
