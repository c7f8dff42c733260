"""How the user test and the panel of opinions look; the colours and sizes are those of `look`."""

from urllib.parse import quote

# A thumb, drawn like the logo: not every machine has a font with emoji.
THUMB = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M2.5 10.2h4.2v10.6H2.5zM8.4 10.4l4.1-8.2c1.9.2
3 1.5 2.7 3.5l-.6 3.3h5.3c1.4 0 2.4 1.3 2 2.7l-2 7.3c-.3 1.1-1.2 1.8-2.3 1.8H8.4z"/></svg>"""

CSS = """
.dark .tab-wrapper button[aria-selected="true"] { color: var(--logo-ask); }
.notice p { margin: 0; font-size: 1rem; padding: 8px 14px; border-left: 4px solid var(--warm); border-radius: 8px;
  background: var(--soft); color: var(--body-text-color); white-space: pre-line; }
.notice:not(:has(p)) { display: none; }
.card { flex: none !important; border: 1px solid var(--line); border-radius: 20px; background: var(--block-background-fill); padding: 18px 22px;
  gap: 14px; box-shadow: 0 1px 2px rgb(20 38 42 / 5%), 0 8px 28px rgb(20 38 42 / 5%); }
.card .block, .card .form { border: 0; background: none; box-shadow: none; padding: 0; }
.card label > span:first-child, .card .block-label { color: var(--body-text-color); }
.card .info-text, .card [data-testid="block-info"] + div { color: var(--body-text-color-subdued); }
.card textarea { border: 1px solid var(--line); border-radius: 12px; background: var(--block-background-fill); padding: 10px 12px; }
.card .buttons { gap: 8px; align-items: center; flex-wrap: wrap; }
.card .buttons button, #test-foot button { flex: none; width: auto; min-width: 0 !important; border-radius: 999px;
  padding: 8px 18px; font-size: .95rem; }
.card .buttons button:not(.primary), #test-foot button { border: 1px solid var(--line); background: none; font-weight: 400;
  color: var(--body-text-color); }
.card .buttons button:not(.primary):hover, #test-foot button:hover { border-color: var(--color-accent); color: var(--color-accent); }
.prose-like { font-size: 1rem; line-height: 1.5; color: var(--body-text-color); }
.prose-like h2 { font: 700 1.35rem/1.25 var(--headline); margin: 0 0 8px; color: var(--body-text-color); }
.prose-like p, .consent p { margin: 0 0 8px; }
.prose-like ul { margin: 0 0 4px; padding-left: 1.2em; list-style: disc; }
.prose-like li { margin: 3px 0; }
.consent p { margin: 0; font-size: .93rem; line-height: 1.45; color: var(--body-text-color-subdued); }
.card input[type="checkbox"] { flex: none; width: 20px; height: 20px; border-width: 2px; border-color: var(--body-text-color-subdued); }
.card label:has(input[type="checkbox"]) { align-items: flex-start; gap: 10px; font-size: 1rem; line-height: 1.4; }

#test-progress { display: block; }
#test-progress p { margin: 0 0 6px; font-size: .92rem; color: var(--body-text-color-subdued); font-variant-numeric: tabular-nums; }
#test-progress .track { height: 6px; border-radius: 3px; background: var(--soft); overflow: hidden; }
#test-progress .track div { height: 100%; border-radius: 3px; background: var(--color-accent); }
#test-question .asked { margin: 0; font: 700 1.25rem/1.35 var(--headline); color: var(--body-text-color);
  white-space: pre-wrap; overflow-wrap: anywhere; }
#test-answers { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; }
#test-answers .answer { border: 1px solid var(--line); border-radius: 18px; background: var(--soft); padding: 14px 16px; }
#test-answers h3 { display: flex; align-items: center; gap: 8px; margin: 0 0 8px; font: 700 1rem/1.2 var(--headline);
  color: var(--body-text-color); }
#test-answers h3 b { display: inline-grid; place-items: center; width: 28px; height: 28px; border-radius: 50%;
  background: var(--mine); color: var(--mine-text); }
#test-answers .answer p { margin: 0; font-size: 1.05rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere;
  color: var(--body-text-color); }
#test-answers .answer p.empty { color: var(--body-text-color-subdued); font-style: italic; }

#choice > .wrap, #choice .wrap { display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px; }
#choice label { justify-content: center; text-align: center; min-height: 52px; border: 2px solid var(--line);
  border-radius: 14px; background: var(--block-background-fill); padding: 8px 10px; cursor: pointer; box-shadow: none; }
#choice label:hover { border-color: var(--color-accent); }
#choice label:has(input:checked) { border-color: var(--mine); background: var(--mine); }
#choice label:has(input:checked) span { color: var(--mine-text); }
#choice label span { margin: 0; font-size: 1rem; font-weight: 700; color: var(--body-text-color); }
#choice label:has(input:focus-visible), .rating label:has(input:focus-visible) { outline: 3px solid var(--color-accent); outline-offset: 2px; }
#choice input, .rating input { position: absolute; opacity: 0; pointer-events: none; }
.card #details { border: 1px solid var(--line); border-radius: 16px; background: none; padding: 12px 16px; }
#details .column, .card > .form { gap: 14px; }
#details .form { display: flex; flex-flow: column; gap: 12px; overflow: visible; }
#details .block, #details .form { border: 0; background: none; box-shadow: none; padding: 0; }
#details .row { gap: 18px; padding-top: 6px; }
#choice > span, #choice > .block-label { font-weight: 700; font-size: 1rem; color: var(--body-text-color); }
#details h3 { font: 700 1rem/1.2 var(--headline); margin: 0; color: var(--body-text-color); }
.rating .wrap { flex-wrap: nowrap; gap: 6px; max-width: 300px; }
.rating label { flex: 1; justify-content: center; min-width: 0; min-height: 40px; padding: 4px !important; border: 1px solid var(--line);
  border-radius: 10px; background: none; cursor: pointer; box-shadow: none; }
.rating label:hover { border-color: var(--color-accent); }
.rating label:has(input:checked) { background: var(--mine); border-color: var(--mine); }
.rating label:has(input:checked) span { color: var(--mine-text); }
.rating label span { margin: 0; color: var(--body-text-color); font-variant-numeric: tabular-nums; }
#vote { border-radius: 16px; min-height: 50px; font-size: 1.05rem; }
#like::before, #dislike::before { content: ""; flex: none; width: 16px; height: 16px; margin-right: 7px; background: currentColor;
  mask: url("data:image/svg+xml,THUMB") center / contain no-repeat; }
#dislike::before { transform: rotate(180deg); }
#opinion .form { overflow: visible; gap: 12px; }
#test-foot { align-items: center; gap: 8px; flex-wrap: wrap; }
#test-foot .prose-like { flex: 1; min-width: 180px; font-size: .88rem; color: var(--body-text-color-subdued); }

@media (max-width: 640px) {
  .card { padding: 14px 14px; }
  #test-answers { grid-template-columns: 1fr; gap: 10px; }
  #choice > .wrap, #choice .wrap { grid-template-columns: 1fr 1fr; }
  #test-question .asked { font-size: 1.12rem; }
  #actions:has(#like) { flex-wrap: wrap; }
  #actions:has(#like) #caution { flex: 1 0 100%; }
  #actions:has(#like) #caution p { text-align: left; }
  #actions:has(#like) { gap: 6px; }
  #actions:has(#like) button { padding: 6px 9px; font-size: .88rem; }
  #like::before, #dislike::before { margin-right: 5px; }
  #test-foot .prose-like { flex: 1 0 100%; }
}
""".replace("THUMB", quote(" ".join(THUMB.split())))
