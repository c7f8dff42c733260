"""How Sphinx builds the guide: French here, the short English version of `docs/en` with the same settings.

``sphinx-build -W --keep-going -n docs docs/_build/html`` and
``sphinx-build -W --keep-going -n -c docs -D language=en docs/en docs/_build/html/en``; ``make docs`` does both.
Nothing of the pages comes from another site: no fonts, no scripts.
"""

project = "Causette"
extensions = ["myst_parser"]
language = "fr"
exclude_patterns = ["_build", "en", "mini_sources.md"]

# Titles have the addresses that GitHub gives them, so links work there and here.
myst_heading_anchors = 4
# A blank before « : » stays as it is written, and `--option` is no dash.
smartquotes = False
highlight_language = "none"

html_theme = "furo"
html_title = "Causette"
html_static_path = ["_static"]
html_css_files = ["causette.css"]
templates_path = ["_templates"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/language.html",
        "sidebar/scroll-end.html",
    ]
}
# What Google, Wikipedia and model sites answer to a program depends on the day; a dead page is told, the rest is not.
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_ignore = [r"http://(localhost|127\.0\.0\.1).*"]
