"""The guide as a site: Sphinx builds both languages without a warning, and no page asks another site for anything."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytest.importorskip("sphinx", reason="the guide's tools (requirements-dev.txt) are not installed")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Both languages, as `make docs` builds them: warnings are errors."""
    out = tmp_path_factory.mktemp("site")
    for more in (["docs", out], ["-c", "docs", "-D", "language=en", "docs/en", out / "en"]):
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html", *map(str, more)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return out


def test_both_languages_are_built_and_lead_to_each_other(site):
    french = (site / "index.html").read_text(encoding="utf-8")
    english = (site / "en" / "index.html").read_text(encoding="utf-8")
    assert '<html class="no-js" lang="fr"' in french and '<html class="no-js" lang="en"' in english
    assert 'href="en/index.html"' in french and 'href="../index.html"' in english


def test_every_page_is_there(site):
    from tests.guide_pages import ALL

    assert [name for name in ALL if not (site / name).with_suffix(".html").is_file()] == []


def test_nothing_is_asked_of_another_site(site):
    """Links may lead away; fonts, styles, scripts and pictures may not come from elsewhere."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"([^\"]+)\"", text)
        loaded += re.findall(r"<link[^>]*\shref=\"([^\"]+)\"", text)
        assert [place for place in loaded if re.match(r"(\w+:)?//", place)] == [], page
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style


def test_links_of_the_site_lead_to_files_and_sections(site):
    pages = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    places = {page: set(re.findall(r'\sid="([^"]+)"', text)) for page, text in pages.items()}
    for page, text in pages.items():
        for link in re.findall(r'<a [^>]*href="([^"]+)"', text):
            path, _, section = unquote(link).partition("#")
            if re.match(r"\w+:", path):
                continue
            target = (page.parent / path).resolve() if path else page
            assert target.is_file(), (page.name, link)
            if section and target in places:
                assert section in places[target], (page.name, link)
