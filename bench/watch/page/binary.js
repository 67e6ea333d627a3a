/** Arrays from the bytes of `bench.watch.binary`, without copying them. */

const KINDS = {
  Uint8: Uint8Array, Int8: Int8Array, Uint16: Uint16Array, Int16: Int16Array, Uint32: Uint32Array, Int32: Int32Array,
  Float32: Float32Array,
};

/** Return the arrays by name, and the facts beside them. */
export function unpacked(buffer) {
  const length = new DataView(buffer).getUint32(4, true);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const arrays = {};
  for (const { name, type, at, length: many } of facts.arrays) {
    arrays[name] = new KINDS[type](buffer, 8 + length + at, many);
  }
  return { ...facts, arrays };
}

/** Fetch and unpack; an answer that is not the asked one is an error. */
export async function fetched(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return unpacked(await answer.arrayBuffer());
}
