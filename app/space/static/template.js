// How a conversation becomes the ids that the model reads, and where an answer ends: chatbot/template.py,
// chatbot/session.py, chatbot/runner.py (fit_window) and chatbot/cut.py, for conversations without a system message.

/** The ids before the answer to the last of `messages`, ({role, content}, user and assistant in turn). */
export function promptIds(template, tokenizer, messages, { startId, endId }) {
  return messages.flatMap(({ role, content }, place) => {
    const text = harmless(content, template.markers);
    if (role === "assistant") return [...tokenizer.encode(template.answer.replace("{content}", () => text)), endId];
    const request = template.user.replace("{content}", () => text);
    const starts = startId !== null && (place === 0 || template.start_each_turn);
    return [...(starts ? [startId] : []), ...tokenizer.encode((place ? template.between : "") + request)];
  });
}

/** Breaks up markers that stand in a content ("###human:" → "# ##human:"), so that text never passes for structure. */
function harmless(content, markers) {
  return markers.reduce((text, marker) => {
    let lowered = text.toLowerCase();
    let wanted = marker.toLowerCase();
    if (lowered.length !== text.length) [lowered, wanted] = [text, marker]; // rare letters (İ) change their length
    let [made, done] = ["", 0];
    for (let at = lowered.indexOf(wanted); at >= 0; at = lowered.indexOf(wanted, done)) {
      made += `${text.slice(done, at + 1)} `;
      done = at + 1;
    }
    return made + text.slice(done);
  }, content);
}

/** The end of a history that the model can follow: as many exchanges as the longest dialogue that it learnt from. */
export function followed(messages, exchanges) {
  return exchanges === null ? messages : messages.slice(Math.max(0, messages.length - 1 - 2 * (exchanges - 1)));
}

/** The prompt's ids and how many of the oldest messages had to go; null where the last one does not fit alone. */
export function fitWindow(facts, tokenizer, messages, length) {
  const room = facts.context - Math.min(length, Math.floor(facts.context / 4));
  for (let dropped = 0; dropped < messages.length; dropped += 2) {
    const ids = promptIds(facts.template, tokenizer, messages.slice(dropped), facts);
    if (ids.length <= room) return { ids, dropped };
  }
  return null;
}

/** Cuts a stream of text at the first stop text, and never lets the beginning of one through. */
export class StopFilter {
  constructor(stopTexts) {
    Object.assign(this, { stopTexts, held: "", stopped: false });
  }

  push(text) {
    this.held += text;
    const found = this.stopTexts.map((stop) => this.held.indexOf(stop)).filter((at) => at >= 0);
    this.stopped = found.length > 0;
    const keep = Math.max(0, ...this.stopTexts.map((stop) => this.#overlap(stop)));
    const shown = this.held.slice(0, this.stopped ? Math.min(...found) : this.held.length - keep);
    this.held = this.stopped ? "" : this.held.slice(shown.length);
    return shown;
  }

  flush() {
    const shown = this.held;
    this.held = "";
    return shown;
  }

  #overlap(stop) {
    let long = Math.min(stop.length - 1, this.held.length);
    while (long > 0 && !this.held.endsWith(stop.slice(0, long))) long--;
    return long;
  }
}

/** An answer's first text, without the blank that the template puts before it. */
export function first(template, text) {
  const before = template.answer.split("{content}")[0];
  return (before && text.startsWith(before) ? text.slice(before.length) : text).replace(/^\n+/, "");
}

/** An answer that is over: in the history the template puts its blank there again. */
export function whole(template, text) {
  const after = template.answer.split("{content}")[1];
  return after && text.endsWith(after) ? text.slice(0, -after.length) : text;
}
