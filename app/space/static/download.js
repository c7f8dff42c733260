// The Space's own files, kept by the browser: a second visit downloads nothing.

/** A failure whose reason the page knows how to tell. */
export class Failure extends Error {
  constructor(reason, detail = "") {
    super(detail || reason);
    this.reason = reason;
  }
}

const KEPT = "causette-";

/** The bytes of a file ({path, bytes, sha256}); `told` hears how many have come. */
export async function download(file, told) {
  // Another content is another address; a worker made from a blob has no folder of its own.
  const address = new URL(`${file.path}?${file.sha256.slice(0, 16)}`, import.meta.url).href;
  const cache = await globalThis.caches?.open(KEPT + file.path).catch(() => null); // a private window may have none
  const kept = await cache?.match(address).catch(() => null);
  if (kept) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    if (bytes.length === file.bytes) {
      told(bytes.length);
      return unpacked(file, bytes);
    }
  }
  const bytes = await fetched(address, file, told);
  await cache?.keys().then((old) => Promise.all(old.map((each) => cache.delete(each)))).catch(() => null);
  await cache?.put(address, new Response(bytes)).catch(() => null); // a full disk: the next visit downloads again
  return unpacked(file, bytes);
}

async function fetched(address, file, told) {
  let response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw new Failure("network", String(error));
  }
  if (!response.ok) throw new Failure("network", `${file.path}: ${response.status}`);
  const bytes = new Uint8Array(file.bytes);
  let come = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw new Failure("network", String(error));
    });
    if (done) break;
    if (come + value.length > file.bytes) throw new Failure("damaged", file.path);
    bytes.set(value, come);
    told((come += value.length));
  }
  if (come !== file.bytes) throw new Failure("damaged", file.path);
  return bytes;
}

/** What a file named .gz holds. */
async function unpacked(file, bytes) {
  if (!file.path.endsWith(".gz")) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
