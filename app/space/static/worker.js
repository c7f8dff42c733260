// The thread that computes, so that the page stays awake: it loads the model, then answers one question at a time.

import { Decoder } from "./decoder.js";
import { Failure, download } from "./download.js";
import { choose } from "./sampling.js";
import { StopFilter, first, fitWindow, followed, whole } from "./template.js";
import { StreamDecoder, Tokenizer } from "./tokenizer.js";

// The smallest module that needs SIMD: what the runtime was compiled for.
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);
const turn = new MessageChannel(); // lets a "stop" come in between two tokens; a timer would wait 4 ms each time
let facts, tokenizer, decoder, stopped;

async function load(given) {
  facts = given;
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) throw new Failure("webassembly");
  if (typeof DecompressionStream !== "function") throw new Failure("webassembly");
  const { model, runtime, vocabulary, merges } = facts.files;
  const files = [runtime, vocabulary, merges, model];
  const come = files.map(() => 0);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const bytes = await Promise.all(
    files.map((file, place) =>
      download(file, (loaded) => {
        come[place] = loaded;
        postMessage({ type: "progress", loaded: come.reduce((sum, each) => sum + each), total });
      }),
    ),
  );
  postMessage({ type: "starting" });
  const text = (content) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(content);
  tokenizer = new Tokenizer(JSON.parse(text(bytes[1])), text(bytes[2]), facts.special);
  decoder = await Decoder.open(bytes[3], bytes[0], facts);
  decoder.start();
  await decoder.step([facts.endId]); // the first step is slow: nobody shall wait for it
  postMessage({ type: "ready" });
}

async function answer(messages, settings) {
  const fitted = fitWindow(facts, tokenizer, followed(messages, facts.exchanges), settings.max_new_tokens);
  if (!fitted) return postMessage({ type: "refused", reason: "long" });
  const began = performance.now();
  const text = new StreamDecoder(tokenizer);
  const stop = new StopFilter(facts.stopTexts);
  const seen = new Set(fitted.ids);
  let [said, tokens, finish] = ["", 0, "length"];
  const show = (more) => {
    more = said ? more : first(facts.template, more);
    said += more;
    if (more) postMessage({ type: "text", text: more });
  };
  decoder.start();
  let ids = fitted.ids;
  const most = Math.min(settings.max_new_tokens, facts.context - ids.length);
  while (tokens < most) {
    const id = choose(await decoder.step(ids), settings, seen);
    tokens++;
    if (id === facts.endId) finish = "end";
    else show(stop.push(text.push(id)));
    if (stop.stopped) finish = "stop";
    await new Promise((go) => ((turn.port1.onmessage = go), turn.port2.postMessage(0)));
    if (stopped) finish = "cancelled";
    if (finish !== "length") break;
    seen.add(id);
    ids = [id];
  }
  if (!stop.stopped) show(stop.push(text.flush()) + stop.flush());
  const seconds = (performance.now() - began) / 1000;
  postMessage({ type: "end", text: whole(facts.template, said), finish, tokens, seconds, dropped: fitted.dropped });
}

function failed(error) {
  const memory = error instanceof RangeError || /memory|alloc|abort/i.test(String(error?.message ?? error));
  const reason = error instanceof Failure ? error.reason : memory ? "memory" : "other";
  postMessage({ type: "failed", reason, detail: String(error?.message ?? error).slice(0, 300) });
}

self.onmessage = ({ data }) => {
  if (data.type === "stop") stopped = true;
  if (data.type === "load") load(data.facts).catch(failed);
  if (data.type === "ask") {
    stopped = false;
    answer(data.messages, data.settings).catch(failed);
  }
};
