"""How the fine-tuning form looks; the colours, cards and buttons are those of `look` and `vote_look`."""

CSS = """
.tuning h2 { font: 700 1.3rem/1.25 var(--headline); margin: 0 0 8px; color: var(--body-text-color); }
.tuning h3 { font: 700 1rem/1.3 var(--headline); margin: 14px 0 6px; color: var(--body-text-color); }
.tuning p { margin: 0 0 8px; line-height: 1.5; color: var(--body-text-color); overflow-wrap: anywhere; }
.tuning p.small { margin: 0; font-size: .88rem; color: var(--body-text-color-subdued); }
.tuning a { margin: 0; padding: 0; color: var(--warm); text-decoration: underline; text-underline-offset: 3px; }
.tuning .balance { padding: 10px 14px; border-radius: 14px; background: var(--soft); }
.tuning .kept { font: 700 1.5rem/1 var(--headline); color: var(--warm); }
.tuning .short, .tuning .warning { color: var(--warm); }
.tuning .warning { padding-left: 12px; border-left: 4px solid var(--warm); }
.tuning dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 6px 18px; margin: 0 0 10px; }
.tuning dt { font-size: .88rem; color: var(--body-text-color-subdued); }
.tuning dd { margin: 0; color: var(--body-text-color); overflow-wrap: anywhere; }
.tuning details { margin: 0 0 8px; padding: 8px 14px; border: 1px solid var(--line); border-radius: 14px; }
.tuning summary { cursor: pointer; font-weight: 700; color: var(--body-text-color); }
.tuning summary:focus-visible, .tuning a:focus-visible { outline: 3px solid var(--color-accent); outline-offset: 2px; }
.tuning ul { margin: 6px 0 10px; padding: 0; list-style: none; }
.tuning details ul { margin-bottom: 0; }
.tuning li { margin: 0 0 8px; color: var(--body-text-color); }
.tuning pre { margin: 4px 0 0; padding: 8px 12px; border-radius: 10px; background: var(--soft); color: var(--body-text-color);
  font: .88rem/1.45 ui-monospace, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.tuning .talk li { padding: 10px 14px; border-radius: 14px; background: var(--soft); }
.tuning .talk p { display: block; margin: 0 0 4px; white-space: pre-wrap; }
.tuning .talk p:last-child { margin: 0; }
.tuning .talk .q { font-weight: 700; }
.tuning .talk .e { color: var(--body-text-color-subdued); }
.tuning .talk b { font-weight: 700; }
.tuning .track { height: 12px; margin: 4px 0 10px; border-radius: 6px; background: var(--soft); border: 1px solid var(--line); overflow: hidden; }
.tuning .track div { height: 100%; background: var(--logo-ask); transition: width .6s; }
.tuning .figures { font-variant-numeric: tabular-nums; }
.tuning figure { margin: 0 0 10px; }
.tuning svg { display: block; width: 100%; max-width: 420px; height: auto; border: 1px solid var(--line); border-radius: 12px; background: var(--soft); }
.tuning polyline { fill: none; stroke: var(--logo-ask); stroke-width: 3; stroke-linejoin: round; stroke-linecap: round; }
.tuning figcaption { margin-top: 4px; font-size: .9rem; color: var(--body-text-color-subdued); }
#tuning-choices .form, #tuning-columns .form { border: 0; background: none; gap: 12px; overflow: visible; }
#tuning-choices label > span { color: var(--body-text-color); }
"""

# Gradio refuses a large file by itself, in English: the form's own sentence comes first.
TOO_LARGE = """() => document.addEventListener("change", (event) => {
  const alert = document.querySelector("#tuning-too-large");
  if (!alert || !event.target.matches("#tuning-send input[type=file]")) return;
  const large = [...event.target.files].some((file) => file.size > Number(alert.dataset.most));
  alert.hidden = !large;
  if (large) { event.stopImmediatePropagation(); event.target.value = ""; }
}, true)"""
