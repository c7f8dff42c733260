"""How the panel behind an answer and the comparison look; the colours and sizes are those of `look`."""

CSS = """
#behind { border: 1px solid var(--line); border-radius: 16px; background: none; }
#behind h3 { font: 700 1.1rem/1.3 var(--headline); margin: 0 0 8px; color: var(--body-text-color); }
#behind section { padding: 4px 0 16px; }
#behind section + section { border-top: 1px solid var(--line); padding-top: 14px; }
#behind p, #behind li, #behind td, #behind th { font-size: .96rem; line-height: 1.5; color: var(--body-text-color); }
#behind p { display: block; margin: 0 0 8px; }
#behind .label-wrap span, .settings .label-wrap span { font-size: 1rem; font-weight: 700; }
#behind .none, #behind .told, #behind .origin { color: var(--body-text-color-subdued); }
#behind .own { padding: 8px 14px; border-left: 4px solid var(--warm); border-radius: 8px; background: var(--soft); white-space: pre-wrap;
  overflow-wrap: anywhere; }
#behind .steps { list-style: none; counter-reset: step; margin: 0; padding: 0; }
#behind .steps > li { counter-increment: step; position: relative; padding: 0 0 12px 40px; }
#behind .steps > li::before { content: counter(step); position: absolute; left: 0; top: 0; width: 26px; height: 26px; border-radius: 50%;
  display: grid; place-items: center; background: var(--mine); color: var(--mine-text); font-weight: 700; font-size: .9rem; }
#behind .steps > li:not(:last-child)::after { content: ""; position: absolute; left: 12px; top: 30px; bottom: 2px; width: 2px;
  background: var(--line); }
#behind .steps ul { margin: 3px 0 0; padding-left: 1.1em; list-style: disc; }
#behind .steps ul li { font-size: .92rem; color: var(--body-text-color-subdued); overflow-wrap: anywhere; }
#behind .sources { margin: 0; padding-left: 1.4em; list-style: decimal; }
#behind .sources li { margin: 0 0 10px; overflow-wrap: anywhere; }
#behind .sources b { display: block; }
#behind .sources p { margin: 2px 0 0; white-space: pre-line; }
#behind .sources .origin { font-size: .88rem; }
#behind .tokens { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.9; padding: 10px 14px; border: 1px solid var(--line);
  border-radius: 12px; }
/* shaded, and underlined: colour alone tells nobody who cannot see it */
#behind .p0 { background: none; }
#behind .p1 { background: rgb(233 138 75 / 14%); }
#behind .p2 { background: rgb(233 138 75 / 26%); text-decoration: underline dotted; text-underline-offset: 4px; }
#behind .p3 { background: rgb(233 138 75 / 42%); text-decoration: underline; text-underline-offset: 4px; }
#behind .tokens span, #behind .legend span { border-radius: 4px; padding: 1px 0; }
#behind .legend { display: flex; flex-wrap: wrap; gap: 6px 14px; font-size: .88rem; }
#behind .legend span { padding: 2px 8px; border: 1px solid var(--line); }
#behind .scroll { overflow-x: auto; }
#behind table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
#behind caption { text-align: left; font-weight: 700; padding: 6px 0; color: var(--body-text-color); }
#behind th { text-align: left; font-weight: 700; color: var(--body-text-color-subdued); }
#behind table, #behind tr { border: 0; }
#behind td, #behind th { padding: 5px 12px 5px 0; border: 0; border-bottom: 1px solid var(--line); vertical-align: top; }
#behind q { quotes: none; padding: 1px 6px; border-radius: 6px; background: var(--soft); white-space: pre-wrap; }

#compare-told p { margin: 0; font-size: .95rem; line-height: 1.45; color: var(--body-text-color-subdued); }
#compare-models { gap: 14px; }
#compare-models .block { border: 1px solid var(--line); border-radius: 14px; background: var(--block-background-fill); }
#compare-asked .asked { margin: 0; font: 700 1.2rem/1.35 var(--headline); color: var(--body-text-color); white-space: pre-wrap;
  overflow-wrap: anywhere; }
#compare-asked:not(:has(p)), #compare-sides:not(:has(article)) { display: none; }
#compare-sides { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; align-items: start; }
#compare-sides article { border: 1px solid var(--line); border-radius: 18px; background: var(--soft); padding: 14px 16px; min-height: 120px; }
#compare-sides h3 { margin: 0 0 8px; font: 700 1rem/1.2 var(--headline); color: var(--warm); overflow-wrap: anywhere; }
#compare-sides .answer { margin: 0; font-size: 1.05rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere;
  color: var(--body-text-color); }
#compare-sides .none { margin: 0; color: var(--body-text-color-subdued); }
#compare-sides .figures { margin: 9px 0 0; font-size: .82rem; line-height: 1.4; color: var(--body-text-color-subdued);
  font-variant-numeric: tabular-nums; }
@media (max-width: 640px) {
  #compare-sides { grid-template-columns: 1fr; }
}
"""
