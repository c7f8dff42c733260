// Byte-level BPE of GPT-2: the same ids as chatbot/tokenizer.py, which a test holds against it.
// Ordinary text never becomes a special token: those are only ever placed by id.

// Blanks as Unicode's White_Space has them; JavaScript's own \s leaves out U+0085 and takes U+FEFF.
const BLANK = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const PIECES = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${BLANK}\\p{L}\\p{N}]+|[${BLANK}]+(?![^${BLANK}])|[${BLANK}]+`,
  "gu",
);
const REMEMBERED = 20000; // pieces

/** GPT-2's printable stand-in for each byte (Radford et al. 2019, bytes_to_unicode). */
function unitsOfBytes() {
  const printable = (byte) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : 256 + others++));
}

export class Tokenizer {
  /**
   * @param {Object<string, number>} vocabulary token → id.
   * @param {string} merges the text of merges.txt.
   * @param {string[]} special tokens that stand for no text.
   */
  constructor(vocabulary, merges, special) {
    const rules = merges.split("\n").filter((line) => line && !line.startsWith("#version"));
    this.vocabulary = new Map(Object.entries(vocabulary));
    this.ranks = new Map(rules.map((rule, rank) => [rule, rank]));
    this.units = unitsOfBytes();
    const byteOf = new Map(this.units.map((unit, byte) => [unit, byte]));
    this.bytes = new Map();
    for (const [token, id] of this.vocabulary) {
      this.bytes.set(id, Uint8Array.from(special.includes(token) ? "" : token, (unit) => byteOf.get(unit)));
    }
    this.known = new Map();
  }

  encode(text) {
    return (text.toWellFormed?.() ?? text).match(PIECES)?.flatMap((piece) => this.#piece(piece)) ?? [];
  }

  /** The bytes of a token; a special one stands for none. */
  bytesOf(id) {
    return this.bytes.get(id) ?? new Uint8Array();
  }

  #piece(piece) {
    if (!this.known.has(piece)) {
      if (this.known.size >= REMEMBERED) this.known.clear();
      this.known.set(piece, this.#merged(piece).map((token) => this.vocabulary.get(token)));
    }
    return this.known.get(piece);
  }

  /** Joins the pair of the best rank, wherever it stands, until no pair has a rank. */
  #merged(piece) {
    let tokens = Array.from(new TextEncoder().encode(piece), (byte) => this.units[byte]);
    for (;;) {
      let best = Infinity;
      for (let at = 1; at < tokens.length; at++) {
        best = Math.min(best, this.ranks.get(`${tokens[at - 1]} ${tokens[at]}`) ?? Infinity);
      }
      if (best === Infinity) return tokens;
      const joined = [];
      for (let at = 0; at < tokens.length; at++) {
        const pair = at + 1 < tokens.length && this.ranks.get(`${tokens[at]} ${tokens[at + 1]}`) === best;
        joined.push(pair ? tokens[at] + tokens[++at] : tokens[at]);
      }
      tokens = joined;
    }
  }
}

/** Ids into text, one by one; never half a character. */
export class StreamDecoder {
  constructor(tokenizer) {
    this.tokenizer = tokenizer;
    this.decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  }

  push(id) {
    return this.decoder.decode(this.tokenizer.bytesOf(id), { stream: true });
  }

  flush() {
    return this.decoder.decode();
  }
}
