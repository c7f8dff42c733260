"""How the page looks and how it is worded: theme, style sheet, logo, and the no-break spaces of French.

The fonts come with Gradio and are served from here; nothing on the page is fetched from elsewhere.
"""

import re
from typing import Any
from urllib.parse import quote

from chatbot.language import current_language, tr

# Two speech bubbles that overlap, drawn a little by hand: someone asks (teal), someone answers (apricot).
LOGO = """<svg class="logo" viewBox="0 0 64 64" width="44" height="44" aria-hidden="true">
<path fill="var(--logo-ask, #0f5f68)" d="M6.5 23.6C5.9 12.7 14.6 6.3 26.3 5.8c12.6-.5 21.6 6.6 21.4 17.2-.2 10.4-8.6 16.8-20.2 17-2.6 0-5-.2-7.2-.9
-3 2.7-6.7 4.3-11.3 4.7 1.9-2.5 2.9-5.1 3-7.7C8.7 33.1 6.8 28.8 6.5 23.6z"/>
<path fill="#e98a4b" stroke="var(--body-background-fill, #fff)" stroke-width="2.6" d="M59.2 41.3c.3-8.4-6.3-13.6-15.5-13.7-9.7-.1-16.4 5.2-16.3 13.3.1 8 6.5 13 15.5 13.1
2.3 0 4.4-.2 6.3-.8 2.6 2.6 5.7 4.2 9.5 4.8-1.7-2.4-2.5-4.7-2.5-7 1.9-2.6 2.9-5.7 3-9.7z"/>
<path fill="none" stroke="#fff" stroke-width="2.8" stroke-linecap="round" d="M16 18.3c5.9-1 12.6-1.1 21.3-.4M16.3 25.7c3.2-.6 6.1-.7 9-.5"/>
<g fill="#fff"><circle cx="36.7" cy="41" r="2.3"/><circle cx="43.6" cy="40.6" r="2.3"/><circle cx="50.4" cy="41.2" r="2.3"/></g>
</svg>"""

# Ink and paper; in the dark they change places. Contrast of text is at least 4.5:1 everywhere (WCAG 2.2, 1.4.3).
INK = (
    "#f3f7f7",
    "#e6eeee",
    "#cfdcdd",
    "#aebfc1",
    "#7f9598",
    "#5d7376",
    "#465b5e",
    "#33474a",
    "#213538",
    "#14262a",
    "#0c1a1d",
)
TEAL = (
    "#edf7f6",
    "#d3ecea",
    "#a9d9d6",
    "#76bfbc",
    "#469f9e",
    "#258083",
    "#0f5f68",
    "#0d5059",
    "#0d424a",
    "#0e373e",
    "#072328",
)
PAPER, CARD, NIGHT, NIGHT_CARD = "#faf6ef", "#fffdf9", "#0c1a1d", "#14262a"
APRICOT, APRICOT_DARK = "#b4511c", "#f2a56f"

# Of the fonts that Gradio ships, many are cut to a few letters; these two are whole in these weights, accents included.
BOLD = (400, 700)

CSS = """
.gradio-container {
  --warm: #a94c1a; --line: #e5ddcf; --soft: #f2ede3; --mine: #0f5f68; --mine-text: #ffffff; --logo-ask: #0f5f68; --tab: #0f5f68;
  --headline: Quicksand, "Source Sans Pro", system-ui, sans-serif;
}
.dark .gradio-container, .dark.gradio-container, .dark { --logo-ask: #2f9a9c; --tab: #76bfbc;
  --warm: #f2a56f; --line: #2b4146; --soft: #1d3136; --mine: #14535c; --mine-text: #f3f7f7;
}
.main.fillable { max-width: 860px !important; padding: 18px 20px 14px !important; }
.tab-wrapper:not(:has([role="tab"] + [role="tab"])) { display: none; }  /* a lone tab needs no bar */
.tabitem { padding: 0 !important; border: 0 !important; }
.tab-wrapper { margin-bottom: -10px; }
.tab-container button.selected { color: var(--tab) !important; }
/* the conversation takes what the rest leaves of the window */
.main.fillable .contain > .column { min-height: calc(100dvh - 32px); flex-wrap: nowrap; gap: 12px; }
.tabs, .tabitem, .tabitem > .column { display: flex; flex-flow: column nowrap; flex: 1 0 auto; gap: 12px; }
.tabitem[style*="none"] { display: none; }

.html-container { padding: 0 !important; }
#header { display: flex; align-items: center; gap: 14px; }
#header .logo { flex: none; }
#header h1 { font: 700 1.75rem/1.1 var(--headline); letter-spacing: -.01em; margin: 0; color: var(--body-text-color); }
#header p { margin: 3px 0 0; font-size: .92rem; line-height: 1.35; color: var(--body-text-color-subdued);
  overflow-wrap: anywhere; }
#header b { color: var(--warm); font-weight: 700; }
#header .what { flex: 1; min-width: 0; }
#header .switches { flex: none; display: flex; align-items: center; gap: 8px; }
#header .switch { display: inline-flex; align-items: center; justify-content: center; min-width: 40px; height: 40px; padding: 0 12px;
  border: 1px solid var(--line); border-radius: 999px; background: none; color: var(--body-text-color); font-size: .93rem; line-height: 1;
  text-decoration: none; cursor: pointer; }
#header .switch:hover { border-color: var(--color-accent); color: var(--color-accent); }
#header .switch:focus-visible { outline: 3px solid var(--color-accent); outline-offset: 2px; }

#conversation { flex: 1 0 260px !important; height: 260px; border: 1px solid var(--line) !important;
  border-radius: 20px; box-shadow: 0 1px 2px rgb(20 38 42 / 5%), 0 8px 28px rgb(20 38 42 / 5%); }
#conversation .icon-button-wrapper { display: none; }  /* Gradio's own bin: ours is below, and clears the server too */
#conversation .bubble-wrap { background: none; padding: 6px 4px; }
#conversation .welcome { text-align: center; padding: 0 24px; }
#conversation .welcome .logo { display: block; width: 88px; height: 88px; margin: 0 auto; }
#conversation .welcome p { text-wrap: balance; font: 700 1.3rem/1.4 var(--headline); color: var(--body-text-color); margin: 0; }
#conversation .message-row { margin: 10px 16px; }
#conversation .user.message, #conversation .bot.message { border: 0; border-radius: 18px; padding: 10px 15px;
  box-shadow: none; }
#conversation .user.message { background: var(--mine); border-bottom-right-radius: 5px; }
#conversation .bot.message { background: var(--soft); border-bottom-left-radius: 5px; }
#conversation .message-content span { font-size: 1.05rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
#conversation .user .message-content span { color: var(--mine-text); }
#conversation .message.component { padding: 0; margin: 0; }
#conversation p.figures { margin: 7px 0 0; font-size: .82rem; line-height: 1.4; color: var(--body-text-color-subdued);
  font-variant-numeric: tabular-nums; }

#notice p { margin: 0; font-size: 1rem; padding: 8px 14px; border-left: 4px solid var(--warm); border-radius: 8px; background: var(--soft);
  color: var(--body-text-color); white-space: pre-line; }
#notice:not(:has(p)) { display: none; }
.composer { flex-wrap: nowrap; align-items: flex-end; gap: 10px; }
.composer .block, .composer .block label, .composer .input-container { border: 0; padding: 0; background: none; box-shadow: none;
  border-radius: 16px; overflow: visible !important; }
.composer textarea { border: 1px solid var(--line); border-radius: 16px; background: var(--block-background-fill);
  padding: 12px 16px; font-size: 1.05rem; line-height: 1.4; box-shadow: none; }
.composer textarea::placeholder { color: var(--body-text-color-subdued); opacity: 1; }
.composer textarea:focus { border-color: var(--color-accent); box-shadow: 0 0 0 3px rgb(37 128 131 / 22%); }
.composer button { border-radius: 16px; height: 48px; font-size: 1rem; }
.composer button.stop { background: var(--warm); color: var(--body-background-fill); border: 0; }
button:focus-visible { outline: 3px solid var(--color-accent); outline-offset: 2px; }

#examples, #actions { gap: 8px; }
#examples button, #actions button { flex: none; width: auto; min-width: 0 !important; max-width: 100%; border: 1px solid var(--line); font-weight: 400;
  font-size: .93rem; line-height: 1.3; color: var(--body-text-color); background: none; }
#examples button { border-radius: 999px; padding: 6px 14px; background: var(--block-background-fill); }
#actions button { border-radius: 999px; padding: 6px 14px; }
#actions button:disabled { opacity: .5; }
#caution { flex: 1; min-width: 0; }
#caution p { margin: 0; text-align: right; font-size: .86rem; line-height: 1.3; color: var(--body-text-color-subdued); }
#actions { align-items: center; flex-wrap: nowrap; }
#examples button:hover, #actions button:not(:disabled):hover { border-color: var(--color-accent); color: var(--color-accent); }
.settings { border: 1px solid var(--line); border-radius: 16px; background: none; }
.settings .form { border: 0; background: none; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); }
.settings .block { background: none; border: 0; }
.settings label > span { color: var(--body-text-color); font-weight: 700; font-size: 1rem; }
.settings input[type="range"]::-webkit-slider-thumb { background: var(--color-accent); border: 2px solid var(--block-background-fill); }
.settings input[type="range"]::-moz-range-thumb { background: var(--color-accent); border: 2px solid var(--block-background-fill); }
.settings .min_value, .settings .max_value { display: none; }  /* written with a point in every language */
.settings .info-text { color: var(--body-text-color-subdued); font-size: .9rem; line-height: 1.4; }

/* once the conversation is under way, the examples are one line that scrolls */
.column:has(.message-row) > #examples { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: none;
  mask-image: linear-gradient(to right, #000 92%, transparent); padding-right: 6%; }
.column:has(.message-row) > #examples button { max-width: none; white-space: nowrap; }

@media (max-width: 640px) {
  .main.fillable { padding: 12px 12px 10px !important; }
  #header h1 { font-size: 1.45rem; }
  #header { gap: 10px; align-items: flex-start; }
  #header .switches { gap: 6px; }
  #header .switch { padding: 0 10px; }
  #actions { flex-wrap: wrap; }
  #caution { flex-basis: 100%; }
  #caution p { text-align: left; }
  #header p { font-size: .85rem; }
  #conversation .message-row { margin: 8px 10px; }
  #examples { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: none; }
  #examples button { max-width: none; white-space: nowrap; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
"""

# Gradio speaks the browser's language, and some of its names for screen readers are English whatever the language.
SCRIPT = r"""
document.documentElement.lang = "LANGUAGE";
Object.defineProperty(navigator, "language", { value: "LANGUAGE" });
const names = [
  [/^(number input|range slider) for /, ""], [/^user's message:[^]*/, "QUESTION"], [/^bot's message:[^]*/, "ANSWER"],
  [/^chatbot conversation$/, "CONVERSATION"], [/^More tabs$/, "TABS"],
];
function rename(element) {
  const label = element.getAttribute("aria-label") ?? "";
  const better = names.reduce((text, [pattern, name]) => text.replace(pattern, name), label);
  if (better !== label) element.setAttribute("aria-label", better);
}
function name(group) {  // a set of radio buttons has its question beside it, but not as its name
  const question = group.querySelector("[data-testid=block-info]")?.textContent;
  if (question && group.ariaLabel !== question) group.ariaLabel = question;
}
// Light or dark: as the reader chose here, else as their system has it, which Gradio follows.
function shade() {
  const chosen = localStorage.getItem("causette-theme");
  if (!chosen) return;
  document.body.classList.toggle("dark", chosen === "dark");
  document.body.style.backgroundColor = "var(--body-background-fill)";  // Gradio gave it the system's, once for all
}
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#theme")) return;
  localStorage.setItem("causette-theme", document.body.classList.contains("dark") ? "light" : "dark");
  shade();
});
new MutationObserver(shade).observe(document.body, { attributeFilter: ["class"] });
shade();
function switches() {  // the page in the other language lies beside this one
  const link = document.getElementById("language");
  if (link) link.href = location.pathname.replace(/((en|fr)\/)?$/, "") + "OTHER_PATH";
}
new MutationObserver((changes) => {
  switches();
  for (const { target, type } of changes) {
    if (type === "attributes") rename(target);
    else {
      target.querySelectorAll("[aria-label]").forEach(rename);
      target.querySelectorAll("fieldset").forEach(name);
    }
  }
}).observe(document.documentElement, { subtree: true, childList: true, attributeFilter: ["aria-label"] });
"""


def words(french: str, english: str) -> str:
    """The sentence in the current language, well set."""
    return no_break(tr(french, english))


def no_break(text: str) -> str:
    """French puts a blank before : ; ! ? » and after «; it must not end a line. English is left as it is."""
    if current_language() != "fr":
        return text
    return re.sub(r" (?=[:;!?»%])|(?<=«) |(?<=\d) (?=(?:s|M|Mo|min)\b)", "\N{NO-BREAK SPACE}", text)


def theme() -> Any:
    """The Gradio theme."""
    import gradio as gr

    ink, teal = gr.themes.Color(*INK, name="ink"), gr.themes.Color(*TEAL, name="teal")
    return gr.themes.Base(
        primary_hue=teal,
        secondary_hue=teal,
        neutral_hue=ink,
        font=[
            gr.themes.LocalFont("Source Sans Pro", BOLD),
            gr.themes.LocalFont("Quicksand", BOLD),
            "system-ui",
            "sans-serif",
        ],
        font_mono=["ui-monospace", "Consolas", "monospace"],
        radius_size=gr.themes.sizes.radius_lg,
    ).set(
        body_background_fill=PAPER,
        body_background_fill_dark=NIGHT,
        body_text_color=INK[9],
        body_text_color_dark=INK[1],
        body_text_color_subdued=INK[6],
        body_text_color_subdued_dark=INK[3],
        block_background_fill=CARD,
        block_background_fill_dark=NIGHT_CARD,
        button_primary_background_fill=TEAL[6],
        button_primary_background_fill_hover=TEAL[7],
        button_primary_background_fill_dark=TEAL[5],
        button_primary_text_color="#ffffff",
    )


def head(other_path: str = "") -> str:
    """What goes into the page's head: its language, its icon, its script.

    Args:
        other_path: where the page in the other language is, seen from the first one.
    """
    icon = quote(LOGO.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))
    names = {"LANGUAGE": current_language(), "QUESTION": tr("Question", "Question"), "ANSWER": tr("Réponse", "Answer"),
             "CONVERSATION": tr("Conversation", "Conversation"), "TABS": tr("Autres onglets", "More tabs"),
             "OTHER_PATH": other_path}  # fmt: skip
    script = SCRIPT
    for name, word in names.items():
        script = script.replace(name, word)
    return f'<script>{script}</script><link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{icon}">'
