// The model's forward pass: token ids in, the logits of the next token out; what was read stays as keys and values.

import * as ort from "./vendor/ort.wasm.bundle.min.js";

export class Decoder {
  /** @param {Uint8Array} model the ONNX file; @param {Uint8Array} runtime the WebAssembly file. */
  static async open(model, runtime, facts) {
    ort.env.wasm.wasmBinary = runtime;
    ort.env.wasm.numThreads = 1; // more need headers that a static Space does not send, and a small model gains little
    ort.env.logLevel = "error";
    const decoder = new Decoder();
    decoder.facts = facts;
    decoder.session = await ort.InferenceSession.create(model, {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "all",
      extra: { session: { disable_quant_qdq: "1" } }, // int8 is made wide once, on loading, and not for every token
    });
    return decoder;
  }

  /** A conversation that has read nothing. */
  start() {
    const { layers, heads, width } = this.facts;
    this.read = 0;
    this.past = {};
    for (let layer = 0; layer < layers; layer++) {
      for (const kind of ["key", "value"]) {
        this.past[`past_key_values.${layer}.${kind}`] = new ort.Tensor("float32", new Float32Array(), [1, heads, 0, width]);
      }
    }
  }

  /** The logits after these ids, a Float32Array of the vocabulary's size. */
  async step(ids) {
    const total = this.read + ids.length;
    const positions = ids.map((_, place) => this.read + place);
    const told = await this.session.run({
      input_ids: whole(ids),
      attention_mask: whole(new Array(total).fill(1)),
      position_ids: whole(positions),
      ...this.past,
    });
    for (const name of Object.keys(this.past)) this.past[name] = told[name.replace("past_key_values", "present")];
    this.read = total;
    return told.logits.data;
  }
}

function whole(numbers) {
  return new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), [1, numbers.length]);
}
