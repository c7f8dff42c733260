// The choice of a token from a row of logits: chatbot/sampling.py.

/** One id. Settings: temperature (0: the likeliest), top_k (0: no limit), top_p, repetition_penalty. */
export function choose(logits, settings, seen, drawn = Math.random()) {
  const { temperature, top_k: topK, top_p: topP, repetition_penalty: penalty } = settings;
  if (penalty !== 1) {
    for (const id of seen) logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
  }
  const best = likeliest(logits);
  if (temperature === 0) return best;
  const weights = logits.map((logit) => Math.exp((logit - logits[best]) / temperature)); // Float32Array
  const ids = Array.from(weights.keys()).filter((id) => weights[id] > 1e-12);
  ids.sort((one, two) => weights[two] - weights[one] || one - two);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const kept = [];
  let sum = 0;
  for (const id of ids.slice(0, topK || ids.length)) {
    if (kept.length && sum >= topP * total) break;
    kept.push(id);
    sum += weights[id];
  }
  let left = drawn * sum;
  return kept.find((id) => (left -= weights[id]) < 0) ?? kept.at(-1);
}

function likeliest(logits) {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
  return best;
}
