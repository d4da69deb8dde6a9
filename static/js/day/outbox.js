// Puts what a person enters into the outbox, each change once and under a key of its own.

import * as store from "./store.js";

/** How long a tap on a state waits before it is sent, so that a wrong one can be taken back. */
export const HELD_MS = 8000;
/** As in the protocol: larger photos are made smaller before they are kept. */
export const LARGEST_PHOTO = 20 * 1024 * 1024;
const SMALLER_FROM = 3 * 1024 * 1024, LONGEST_EDGE = 3000;

/** A uuid; `crypto.randomUUID` is missing where the page came without encryption. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6] & 0x0f | 0x40;
  bytes[8] = bytes[8] & 0x3f | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The device's clock with its offset from UTC, as the protocol wants it. */
export function instant(now = new Date()) {
  const offset = -now.getTimezoneOffset();
  const two = (number) => String(Math.trunc(Math.abs(number))).padStart(2, "0");
  const local = new Date(now.getTime() + offset * 60_000).toISOString().slice(0, -1);
  return `${local}${offset < 0 ? "-" : "+"}${two(offset / 60)}:${two(offset % 60)}`;
}

/**
 * Keep a change. When this resolves, it is on the device for good.
 *
 * @param made user, visit, ticket, kind, step, value, seen as in the protocol; title and words for showing it
 * @param picture File or Blob that goes with it; its uuid comes into `value.file`
 */
export async function put(made, picture) {
  const change = {
    ...made,
    key: newKey(),
    at: instant(),
    n: Date.now() + performance.now() % 1, // entered one after the other within a millisecond
    state: "waiting",
    sentence: "",
    notBefore: made.kind === "state" ? Date.now() + HELD_MS : 0,
  };
  let kept;
  if (picture) {
    const smaller = await shrunk(picture);
    if (smaller.size > LARGEST_PHOTO) throw new RangeError("too large");
    kept = new Blob([await smaller.arrayBuffer()], { type: smaller.type }); // a file may vanish from its folder
    change.file = newKey();
    change.size = kept.size;
    change.sent = 0;
    change.value = { ...made.value, file: change.file };
  }
  await store.add(change, kept);
  return change;
}

// Cameras take more than a report can show; a browser that cannot read the picture sends it as it is.
async function shrunk(picture) {
  if (picture.size < SMALLER_FROM || !globalThis.createImageBitmap) return picture;
  try {
    const drawn = await createImageBitmap(picture);
    const scale = Math.min(1, LONGEST_EDGE / Math.max(drawn.width, drawn.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(drawn.width * scale);
    canvas.height = Math.round(drawn.height * scale);
    canvas.getContext("2d").drawImage(drawn, 0, 0, canvas.width, canvas.height);
    drawn.close();
    const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    return made && made.size < picture.size ? made : picture;
  } catch {
    return picture;
  }
}

/** What still has to go: neither sent nor refused. */
export const waits = (change) => change.state === "waiting";
