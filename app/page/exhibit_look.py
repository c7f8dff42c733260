"""How the tabs that show look; the colours and sizes are those of `look`. A class of ours begins with `ex` or stands in
`.exhibit`, so that nothing else on the page changes."""

CSS = """
.exhibit { --bar: #258083; --bar-warm: #d9793f; --warm-ink: #a94c1a; --teal-ink: #0f5f68; --other: #6b7f83; --learnt: #cfe9df; --learnt-ink: #0b3b2e;
  --c1: #0b4f5a; --c2: #14787a; --c3: #2a6496; --c4: #4b6b7a; --t1: #7d340b; --t2: #b4511c; --t3: #a03a48; --t4: #7d6324;
  display: flex; flex-flow: column; gap: 14px; min-width: 0; font-size: 1rem; line-height: 1.5; color: var(--body-text-color);
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.dark .exhibit { --bar: #469f9e; --bar-warm: #e0823f; --warm-ink: #f2a56f; --teal-ink: #76bfbc; --other: #93a8ab; --learnt: #17493d; --learnt-ink: #dcf5ec;
  --c1: #cfeeec; --c2: #6cc5bf; --c3: #86b9e6; --c4: #a9c0c4; --t1: #ffd9bd; --t2: #f2a56f; --t3: #f29aa0; --t4: #d9bf7f; }
.exhibit .ex-card { border: 1px solid var(--line); border-radius: 20px; background: var(--block-background-fill); padding: 18px 22px; min-width: 0;
  box-shadow: 0 1px 2px rgb(20 38 42 / 5%), 0 8px 28px rgb(20 38 42 / 5%); }
.exhibit h2 { font: 700 1.3rem/1.25 var(--headline); margin: 0 0 10px; color: var(--body-text-color); }
.exhibit h3 { font: 700 1.06rem/1.3 var(--headline); margin: 20px 0 8px; color: var(--body-text-color); }
.exhibit h4 { font-weight: 700; font-size: 1rem; line-height: 1.3; margin: 0 0 6px; color: var(--body-text-color); }
.exhibit p { margin: 0 0 10px; color: var(--body-text-color); }
.exhibit p:last-child { margin-bottom: 0; }
.exhibit b, .exhibit strong { color: inherit; }
.exhibit .lead, .exhibit .small { color: var(--body-text-color-subdued); font-size: .93rem; line-height: 1.45; }
.exhibit a { padding: 0; margin: 0; color: var(--teal-ink); text-decoration: underline; text-underline-offset: .15em; }
.exhibit code { font-family: var(--font-mono); font-size: .9em; background: var(--soft); border-radius: 5px; padding: 1px 5px; color: inherit; }
.exhibit ul.plain { margin: 0; padding-left: 1.2em; list-style: disc; }
.exhibit ul.plain li { margin: 5px 0; }
.exhibit .caution { border-left: 4px solid var(--warm); background: var(--soft); border-radius: 8px; padding: 8px 14px; margin: 10px 0; font-size: .95rem; }
.exhibit :is(a, summary, .scroll):focus-visible { outline: 3px solid var(--color-accent); outline-offset: 2px; border-radius: 6px; }

.exhibit .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); gap: 10px; margin: 0 0 12px; }
.exhibit .tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end; gap: 2px; padding: 10px 12px; border-radius: 14px; background: var(--soft); }
.exhibit .tiles dt { font-size: .87rem; line-height: 1.25; color: var(--body-text-color-subdued); }
.exhibit .tiles dd { margin: 0; font-family: var(--headline); font-weight: 700; font-size: 1.25rem; line-height: 1.2; white-space: nowrap; overflow-wrap: normal; color: var(--teal-ink); font-variant-numeric: tabular-nums; }
.exhibit .facts { display: grid; gap: 0; margin: 0 0 10px; }
.exhibit .facts div { display: grid; grid-template-columns: minmax(130px, 13.5rem) minmax(0, 1fr); gap: 4px 16px; padding: 6px 0; border-top: 1px solid var(--line); }
.exhibit .facts div:first-child { border-top: 0; }
.exhibit .facts dt { color: var(--body-text-color-subdued); }
.exhibit .facts dd { margin: 0; color: var(--body-text-color); }
.exhibit .answer { font-weight: 700; }
.exhibit .answer { color: var(--warm-ink); }
.exhibit .answer.free { color: var(--teal-ink); }

.exhibit details { border: 1px solid var(--line); border-radius: 14px; margin-top: 10px; min-width: 0; }
.exhibit summary { cursor: pointer; padding: 9px 14px; font-weight: 700; color: var(--body-text-color); border-radius: 14px; }
.exhibit summary small { font-weight: 400; font-size: .9em; color: var(--body-text-color-subdued); }
.exhibit summary:hover { color: var(--teal-ink); }
.exhibit details > div { padding: 2px 14px 12px; min-width: 0; }

.exhibit .scroll { overflow-x: auto; margin: 8px 0; max-width: 100%; }
.exhibit :is(table, thead, tbody, tr) { border: 0; background: none; }
.exhibit table { border-collapse: collapse; width: 100%; font-size: .95rem; margin: 0; overflow-wrap: normal; }
.exhibit :is(th, td) { padding: 7px 10px; text-align: left; vertical-align: baseline; border: 0; border-bottom: 1px solid var(--line); color: var(--body-text-color);
  background: none; line-height: 1.35; }
.exhibit thead th { color: var(--body-text-color-subdued); font-weight: 400; font-size: .9rem; vertical-align: bottom; }
.exhibit tbody th { font-weight: 700; }
.exhibit tbody tr:last-child > * { border-bottom: 0; }
.exhibit tbody td:not(.number) { min-width: 11rem; }
.exhibit :is(th, td).number { text-align: right; white-space: nowrap; }
.exhibit td small { display: block; color: var(--body-text-color-subdued); font-size: .84em; }
.exhibit .settings th small { display: block; margin-top: 2px; font-weight: 400; font-size: .93em; color: var(--body-text-color-subdued); }
.exhibit .settings :is(td.number, thead th) { white-space: normal; }
.exhibit .settings th[scope=row] { overflow-wrap: anywhere; min-width: 8rem; }
.exhibit .main { font-weight: 700; }
.exhibit .better { color: var(--teal-ink); font-weight: 700; } .exhibit .worse { color: var(--warm-ink); font-weight: 700; }

.exhibit figure { margin: 14px 0 0; min-width: 0; }
.exhibit figcaption { color: var(--body-text-color-subdued); font-size: .93rem; line-height: 1.4; text-align: left; }
.exhibit figcaption b { color: var(--body-text-color); font-size: 1rem; }
.exhibit figcaption p { margin: 0; color: inherit; }
.exhibit .keys { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 4px 0 0; padding: 0; }
.exhibit .keys li { display: flex; align-items: center; gap: 7px; margin: 0; }
.exhibit .keys li::before { content: ""; width: 22px; border-top: 3px solid var(--bar); }
.exhibit .keys li.two::before { border-top: 3px dashed var(--bar-warm); }
.exhibit .axis { margin: 6px 0 0; font-size: .84rem; color: var(--body-text-color-subdued); }
.exhibit .axis.across { text-align: right; margin: 0; }
.exhibit .frame { display: grid; grid-template-columns: auto minmax(0, 1fr); grid-template-rows: 220px 1.5rem; margin-top: 20px; padding-right: 10px; }
.exhibit .up { position: relative; width: 3.2rem; font-size: .84rem; color: var(--body-text-color-subdued); }
.exhibit .up span { position: absolute; right: 8px; transform: translateY(50%); white-space: nowrap; }
.exhibit .below { grid-column: 2; position: relative; font-size: .84rem; color: var(--body-text-color-subdued); }
.exhibit .below span { position: absolute; top: 4px; transform: translateX(-50%); white-space: nowrap; }
.exhibit .field { position: relative; }
.exhibit .field hr { position: absolute; left: 0; right: 0; margin: 0; border: 0; border-top: 1px solid var(--line); }
.exhibit .line { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.exhibit .line polyline { fill: none; stroke: var(--bar); stroke-width: 2.4px; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.exhibit .line.two polyline { stroke: var(--bar-warm); stroke-dasharray: 6 4; }
.exhibit .dot { position: absolute; width: 9px; height: 9px; margin: -4.5px 0 0 -4.5px; border-radius: 50%; background: var(--bar);
  border: 1.5px solid var(--block-background-fill); box-sizing: content-box; }
.exhibit .dot.two { border-radius: 1px; transform: rotate(45deg); background: var(--bar-warm); }
.exhibit .mark { position: absolute; top: -18px; bottom: 0; border-left: 2px solid var(--warm-ink); pointer-events: none; }
.exhibit .mark span { position: absolute; top: -5px; left: 6px; white-space: nowrap; color: var(--warm-ink); font-weight: 700; font-size: .86rem;
  background: var(--block-background-fill); padding: 0 3px; }
.exhibit .mark.left span { left: auto; right: 6px; }
.exhibit .bars { position: absolute; inset: 0; display: flex; align-items: flex-end; }
.exhibit .bars i { flex: 1 1 0; min-width: 0; background: var(--bar); border-radius: 3px 3px 0 0; margin: 0 max(.5px, .1vw); }
.exhibit .bars i.over { background: var(--bar-warm); }
.exhibit .bars i.tail { flex-grow: 2; margin-left: calc(100% / 40); }

.exhibit .intervals ul { list-style: none; margin: 8px 0 0; padding: 0; }
.exhibit .intervals li { display: grid; grid-template-columns: minmax(0, 11.5rem) minmax(60px, 1fr) auto; gap: 4px 12px; align-items: center; margin: 5px 0; }
.exhibit .who { line-height: 1.25; }
.exhibit .track { position: relative; height: 16px; border-radius: 4px; background: var(--soft); }
.exhibit .fill { position: absolute; inset: 0 auto 0 0; border-radius: 4px; background: var(--other); opacity: .55; }
.exhibit .main .fill { background: var(--bar); opacity: 1; } .exhibit .reference .fill { background: var(--bar-warm); opacity: .85; }
.exhibit .whisker { position: absolute; top: 3px; bottom: 3px; border: 2px solid var(--body-text-color); border-width: 0 2px; }
.exhibit .whisker::before { content: ""; position: absolute; left: 0; right: 0; top: 50%; border-top: 2px solid var(--body-text-color); margin-top: -1px; }
.exhibit .intervals .value { white-space: nowrap; text-align: right; min-width: 9.6rem; }
.exhibit .intervals small { color: var(--body-text-color-subdued); font-size: .86em; font-weight: 400; }

.exhibit .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 14px; }
.exhibit .pair figure { margin: 6px 0 0; }
.exhibit .cloud { display: block; width: 100%; height: auto; font-family: CausetteCloud, "DejaVu Sans", sans-serif; }
.exhibit .cloud .s1 { fill: var(--c1); } .exhibit .cloud .s2 { fill: var(--c2); } .exhibit .cloud .s3 { fill: var(--c3); } .exhibit .cloud .s4 { fill: var(--c4); }
.exhibit .typical .s1 { fill: var(--t1); } .exhibit .typical .s2 { fill: var(--t2); } .exhibit .typical .s3 { fill: var(--t3); } .exhibit .typical .s4 { fill: var(--t4); }
.exhibit .sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 290px), 1fr)); gap: 10px 28px; }
.exhibit .side ol { list-style: none; margin: 0; padding: 0; }
.exhibit .side li { position: relative; display: grid; grid-template-columns: 1fr auto 3.4rem; gap: 12px; align-items: baseline; padding: 2px 8px; margin: 0 0 2px;
  border-radius: 5px; isolation: isolate; }
.exhibit .side li::before { content: ""; position: absolute; inset: 0 auto 0 0; width: var(--share); border-radius: 5px; z-index: -1; opacity: .28; background: var(--bar); }
.exhibit .side.first li::before { background: var(--bar-warm); }
.exhibit .side .word { font-weight: 700; } .exhibit .side .z { text-align: right; }
.exhibit .side .counts { font-size: .86rem; color: var(--body-text-color-subdued); white-space: nowrap; }
.exhibit .side .counts i { margin: 0 3px; font-style: normal; }
.exhibit .side .none { display: block; color: var(--body-text-color-subdued); } .exhibit .side .none::before { display: none; }

.exhibit .talk { border-top: 1px solid var(--line); padding: 14px 0 4px; }
.exhibit .talk:first-of-type { border-top: 0; padding-top: 4px; }
.exhibit .turn { white-space: pre-wrap; padding: 8px 13px; border-radius: 14px; margin: 0 0 8px; background: var(--soft); }
.exhibit .turn.user { background: var(--mine); color: var(--mine-text); border-bottom-right-radius: 4px; margin-left: 7%; }
.exhibit .turn.user * { color: inherit; }
.exhibit .turn.assistant { border-bottom-left-radius: 4px; margin-right: 7%; }
.exhibit .turn.system { border: 1px dashed var(--line); background: none; }
.exhibit .turn details { border: 0; margin: 6px 0 0; white-space: pre-wrap; }
.exhibit .turn summary { padding: 2px 0; color: inherit; }
.exhibit .turn details > div { padding: 0; }
.exhibit .turn .who { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
.exhibit .tokens { margin: 0; line-height: 1.95; font-family: var(--font-mono); font-size: .88rem; }
.exhibit .tokens span { white-space: pre-wrap; color: var(--body-text-color-subdued); border-right: 1px solid var(--line); padding: 2px 1px; }
.exhibit .tokens .learnt { background: var(--learnt); color: var(--learnt-ink); border-radius: 3px; text-decoration: underline; text-decoration-thickness: 1px;
  text-underline-offset: 3px; }
.exhibit .steps { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 6px 14px; margin: 6px 0 0; }
.exhibit .steps dt { color: var(--body-text-color-subdued); white-space: nowrap; text-align: right; }
.exhibit .steps dd { margin: 0; white-space: pre-wrap; }
.exhibit .steps .expected { color: var(--teal-ink); font-weight: 700; }
.exhibit .wait { display: flex; align-items: center; gap: 12px; margin: 0; }
.exhibit .wait::before { content: ""; flex: none; width: 18px; height: 18px; border: 3px solid var(--line); border-top-color: var(--bar); border-radius: 50%;
  animation: ex-turn 1s linear infinite; }
@keyframes ex-turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .exhibit .wait::before { animation: none; } }
#data-talks .exhibit { gap: 0; }
#data-pages { align-items: center; gap: 8px; flex-wrap: wrap; }
#data-pages button { flex: none; width: auto; min-width: 0 !important; border-radius: 999px; padding: 8px 18px; border: 1px solid var(--line); background: none;
  font-weight: 400; color: var(--body-text-color); }
#data-pages button:hover:not(:disabled) { border-color: var(--color-accent); color: var(--color-accent); }
#data-pages button:disabled { opacity: .5; }

@media (max-width: 640px) {
  .exhibit .ex-card { padding: 14px; border-radius: 16px; }
  .exhibit .tiles { grid-template-columns: 1fr 1fr; }
  .exhibit .facts div { grid-template-columns: 1fr; gap: 0; }
  .exhibit .frame { grid-template-rows: 180px 1.5rem; }
  .exhibit .intervals li { grid-template-columns: minmax(0, 1fr) auto; }
  .exhibit .intervals .track { grid-row: 2; grid-column: 1 / 3; }
  .exhibit .intervals .value { min-width: 0; }
}
"""
