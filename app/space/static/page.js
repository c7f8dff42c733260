// The page: words, colours, the conversation, and the worker that computes. What a model writes is only ever text.

import { WORDS } from "./words.js";

const byId = (id) => document.getElementById(id);
const facts = await fetch("facts.json").then((answer) => answer.json()).catch((error) => {
  byId("notice").textContent = `${WORDS.fr.failed_network}\n${WORDS.en.failed_network}`;
  throw error;
});
const messages = []; // {role, content}: the turns that the model may read
let language = stored("causette-language") === "en" ? "en" : "fr";
let state = { kind: "idle" }; // of the loading: "idle", "progress", "starting", "ready"
let answering = null; // {question, shown, text, element} while an answer comes
let worker = null;

function stored(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return null; // a browser that keeps nothing
  }
}

function say(name, ...values) {
  return WORDS[language][name].replace(/\{(\d)\}/g, (_, place) => values[place]);
}

function number(value, digits = 0) {
  return value.toLocaleString(language, { maximumFractionDigits: digits });
}

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// -- words and colours -------------------------------------------------------------------------------------------------

function translate() {
  document.documentElement.lang = language;
  for (const each of document.querySelectorAll("[data-word]")) each.textContent = say(each.dataset.word);
  for (const each of document.querySelectorAll("[data-name]")) each.setAttribute("aria-label", say(each.dataset.name));
  for (const each of document.querySelectorAll("[data-hint]")) each.placeholder = say(each.dataset.hint);
  for (const each of document.querySelectorAll(".assistant > .figures, .who")) each.retell?.();
  const other = language === "fr" ? "en" : "fr";
  byId("language").textContent = say("otherLanguage");
  byId("language").lang = other;
  byId("theme").title = say("theme");
  byId("model").textContent = described().join(" · ");
  byId("notice").textContent = byId("notice").told?.() ?? "";
  document.querySelector(".welcome")?.replaceChildren(say("welcome"));
  tellFacts();
  tellState();
  tellSettings();
}

function described() {
  const memory = facts.exchanges === null ? [] : [facts.exchanges === 1 ? say("alone") : say("memory", facts.exchanges)];
  return [facts.name, say("million", number(facts.parameters / 1e6, 1)), say("contextOf", number(facts.context)), ...memory];
}

function tellFacts() {
  const rows = [
    ["factModel", facts.name],
    ["factBase", facts.base],
    ["factRepo", facts.repo],
    ["factParameters", number(facts.parameters)],
    ["factContext", say("tokensOf", number(facts.context))],
    ["factTemplate", facts.template.name],
    ["factWeights", facts.weights],
    ["factData", facts.licences.map((one) => one[language]).join(", ")],
  ].filter(([, value]) => value);
  byId("facts").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", "", say(name)), element("dd", "", value)]));
  byId("attributions").replaceChildren(...facts.attributions.map((one) => element("li", "", say("attribution", one))));
}

function paint() {
  const wanted = stored("causette-theme") ?? new URLSearchParams(location.search).get("__theme");
  const dark = wanted ? wanted === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

// -- the model ---------------------------------------------------------------------------------------------------------

/** A worker made here obeys this page's content security policy; one loaded by its address would obey none. */
function open() {
  const address = JSON.stringify(new URL("worker.js", location.href).href);
  worker = new Worker(URL.createObjectURL(new Blob([`import ${address};`], { type: "text/javascript" })), { type: "module" });
  worker.onmessage = ({ data }) => hear[data.type](data);
  worker.onerror = (event) => hear.failed({ reason: "other", detail: event.message ?? "" });
  worker.postMessage({ type: "load", facts });
}

const hear = {
  progress({ loaded, total }) {
    enter({ kind: "progress", loaded, total });
  },
  starting() {
    enter({ kind: "starting" });
  },
  ready() {
    enter({ kind: "ready" });
    refresh();
  },
  text({ text }) {
    if (!answering.text) answering.shown.textContent = "";
    answering.text += text;
    answering.shown.textContent = answering.text;
    scroll();
  },
  end(told) {
    const { question, shown, element: bubble } = answering;
    if (told.text) messages.push({ role: "user", content: question }, { role: "assistant", content: told.text });
    shown.textContent = told.text || "…";
    const figures = element("p", "figures");
    figures.retell = () => (figures.textContent = inFigures(told));
    figures.retell();
    bubble.append(figures);
    finished();
  },
  refused({ reason }) {
    byId("question").value ||= answering.question;
    answering.element.previousElementSibling.remove();
    answering.element.remove();
    finished();
    notify(reason);
  },
  failed({ reason, detail }) {
    worker.terminate();
    enter({ kind: "failed" });
    if (answering) finished();
    notify(`failed_${reason}`, detail);
  },
};

function inFigures({ text, tokens, seconds, finish, dropped }) {
  const told = [say("figures", number(tokens), number(tokens / seconds, tokens / seconds < 10 ? 1 : 0))];
  if (WORDS[language][`end_${finish}`]) told.push(say(`end_${finish}`));
  if (!text) told.push(say("silent"));
  if (dropped) told.push(say("dropped"));
  return told.join(" · ");
}

function enter(next) {
  state = next;
  tellState();
}

function tellState() {
  const { kind, loaded, total } = state;
  byId("loading").hidden = kind !== "progress" && kind !== "starting";
  if (kind === "progress") {
    byId("loading-told").textContent = say("downloading", number(loaded / 1e6), number(total / 1e6));
    byId("loaded").value = loaded / total;
  } else if (kind === "starting") {
    byId("loading-told").textContent = say("starting");
    byId("loaded").removeAttribute("value");
  }
}

// -- the conversation --------------------------------------------------------------------------------------------------

function bubble(role, text) {
  const made = element("div", `message ${role}`);
  const who = element("span", "who");
  who.retell = () => (who.textContent = `${say(role === "user" ? "you" : "it")} — `);
  who.retell();
  const shown = element("div", "text", text);
  made.append(who, shown);
  document.querySelector(".welcome")?.remove();
  byId("conversation").append(made);
  return { element: made, shown };
}

function ask(text) {
  const question = text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "").trim();
  notify(question ? "" : "empty");
  if (!question || answering || state.kind !== "ready") return;
  bubble("user", question);
  answering = { question, text: "", ...bubble("assistant", "…") };
  byId("question").value = "";
  const settings = { ...facts.sampling, temperature: +byId("temperature").value, max_new_tokens: +byId("length").value };
  worker.postMessage({ type: "ask", messages: [...messages, { role: "user", content: question }], settings });
  refresh();
  scroll();
}

function finished() {
  answering = null;
  refresh();
  scroll();
}

function clear() {
  messages.length = 0;
  notify("");
  byId("conversation").replaceChildren(element("p", "welcome", say("welcome")));
  refresh();
}

function notify(name, ...values) {
  const notice = byId("notice");
  notice.told = () => (name ? say(name, ...values) : "");
  notice.textContent = notice.told();
}

function scroll() {
  byId("conversation").scrollTop = byId("conversation").scrollHeight;
}

/** What can be pressed now. */
function refresh() {
  const focused = document.activeElement === byId(answering ? "send" : "stop");
  byId("send").disabled = state.kind !== "ready";
  byId("send").hidden = Boolean(answering);
  byId("stop").hidden = !answering;
  byId("clear").disabled = Boolean(answering) || !document.querySelector(".message");
  byId("conversation").setAttribute("aria-busy", String(Boolean(answering)));
  for (const each of byId("examples").children) each.disabled = Boolean(answering) || state.kind !== "ready";
  if (focused) byId(answering ? "stop" : "question").focus();
}

function tellSettings() {
  byId("temperature-told").textContent = number(+byId("temperature").value, 2);
  byId("length-told").textContent = say("tokensOf", number(+byId("length").value));
}

function prepare() {
  document.title = byId("title").textContent = facts.title;
  byId("temperature").max = Math.max(1.5, facts.sampling.temperature);
  byId("temperature").value = facts.sampling.temperature;
  byId("length").max = Math.max(Math.floor(facts.context / 2), facts.sampling.max_new_tokens);
  byId("length").value = facts.sampling.max_new_tokens;
  for (const example of facts.examples) {
    const button = element("button", "", example);
    button.type = "button";
    button.onclick = () => ask(example);
    byId("examples").append(button);
  }
  byId("settings").oninput = tellSettings;
  byId("composer").onsubmit = (event) => {
    event.preventDefault();
    ask(byId("question").value);
  };
  byId("question").onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask(byId("question").value);
  };
  byId("stop").onclick = () => worker.postMessage({ type: "stop" });
  byId("clear").onclick = () => {
    clear();
    byId("question").focus();
  };
  byId("language").onclick = () => {
    language = language === "fr" ? "en" : "fr";
    stored("causette-language", language);
    translate();
  };
  byId("theme").onclick = () => {
    stored("causette-theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    paint();
  };
  clear();
  paint();
  translate();
  refresh();
  open();
}

prepare();
