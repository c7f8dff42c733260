"""The login page: one document that needs neither a script nor anything else from the server."""

import html
from urllib.parse import quote

from app.page.look import APRICOT, APRICOT_DARK, CARD, INK, LOGO, NIGHT, NIGHT_CARD, PAPER, TEAL, words
from chatbot.language import current_language

STYLE = f"""
:root {{ color-scheme: light dark; --paper: {PAPER}; --card: {CARD}; --ink: {INK[9]}; --line: {INK[5]};
  --warm: {APRICOT}; --button: {TEAL[6]}; --logo-ask: {TEAL[6]}; --body-background-fill: {CARD}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --paper: {NIGHT}; --card: {NIGHT_CARD}; --ink: {INK[1]}; --line: {INK[4]};
  --warm: {APRICOT_DARK}; --logo-ask: #2f9a9c; --body-background-fill: {NIGHT_CARD}; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--paper);
  color: var(--ink); font: 1.05rem/1.45 "Source Sans Pro", system-ui, sans-serif; }}
main {{ width: 100%; max-width: 400px; padding: 28px 24px; border-radius: 20px; background: var(--card); }}
h1 {{ margin: 8px 0 18px; font-size: 1.5rem; line-height: 1.2; overflow-wrap: anywhere; }}
label {{ display: block; margin: 14px 0 4px; font-weight: 700; }}
input {{ width: 100%; padding: 11px 14px; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; }}
button {{ width: 100%; min-height: 48px; margin-top: 22px; font: inherit; font-weight: 700; color: #fff;
  background: var(--button); border: 0; border-radius: 14px; cursor: pointer; }}
input:focus-visible, button:focus-visible, a:focus-visible {{ outline: 3px solid var(--warm); outline-offset: 2px; }}
[role="alert"] {{ margin: 0; padding: 8px 14px; border-left: 4px solid var(--warm); }}
.other {{ margin: 18px 0 0; text-align: center; }} a {{ color: inherit; }}
"""


def login_page(title: str, action: str, *, name: str = "", notice: str = "", other: str = "") -> str:
    """The document, in the current language.

    Args:
        title: of the page behind it.
        action: the address that takes the form.
        name: typed before.
        notice: why the last try did not succeed.
        other: the same page's address in the other language, if it has one.
    """
    heading, sign_in = html.escape(title), words("Se connecter", "Log in")
    icon = quote(LOGO.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))
    alert = f'<p role="alert">{html.escape(notice)}</p>' if notice else ""
    foreign, lang = ("English", "en") if current_language() == "fr" else ("Français", "fr")
    link = f'<p class="other"><a href="{html.escape(other)}" lang="{lang}">{foreign}</a></p>' if other else ""
    return f"""<!doctype html>
<html lang="{current_language()}"><head><meta charset="utf-8"><title>{sign_in} – {heading}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{icon}"><style>{STYLE}</style></head>
<body><main>{LOGO}<h1>{heading}</h1>{alert}
<form method="post" action="{html.escape(action)}">
<label for="name">{words("Nom", "Name")}</label>
<input id="name" name="name" value="{html.escape(name)}" autocomplete="username" autocapitalize="none" spellcheck="false"
 maxlength="64" required{"" if name else " autofocus"}>
<label for="password">{words("Mot de passe", "Password")}</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required
{"autofocus" if name else ""}>
<button type="submit">{sign_in}</button></form>{link}</main></body></html>
"""
