"""The head of the page: logo, title, which model answers; the switches of language and of light and dark."""

import html

from app.page.look import LOGO, words
from chatbot.chat import Chat
from chatbot.language import current_language
from chatbot.session import facts_of

NAMES = {"fr": "Français", "en": "English"}
# A disc half light, half dark.
HALF = """<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><circle cx="12" cy="12" r="9" fill="none"
stroke="currentColor" stroke-width="2"/><path d="M12 3a9 9 0 0 1 0 18z" fill="currentColor"/></svg>"""


def masthead(chat: Chat, title: str, *, logout: bool = False) -> str:
    """Logo, title, model, switches; the way out where there is a login."""
    about = " · ".join([f"<b>{html.escape(chat.name)}</b>", *map(html.escape, facts_of(chat))])
    return (
        f'<header id="header">{LOGO}<div class="what"><h1>{html.escape(title)}</h1><p class="model">{about}</p></div>'
        f'<nav class="switches" aria-label="{words("Réglages de la page", "Page settings")}">'
        f"{_logout() if logout else ''}{_language_switch()}{_theme_switch()}</nav></header>"
    )


def _logout() -> str:
    return f'<a class="switch" id="logout" href="logout">{words("Se déconnecter", "Log out")}</a>'


def _language_switch() -> str:
    """A link to the page in the other language; the script that knows the paths gives it its address."""
    (other,) = (language for language in NAMES if language != current_language())
    return f'<a class="switch" id="language" href="#" lang="{other}" hreflang="{other}">{NAMES[other]}</a>'


def _theme_switch() -> str:
    label = words("Clair ou sombre", "Light or dark")
    return f'<button class="switch" id="theme" type="button" aria-label="{label}" title="{label}">{HALF}</button>'
