// The day on a page: sends what waits, fetches what is new, and tells the behaviours to draw.
//
// Runs once on each page of the day. Sending starts when the page opens, when there is network again, when the page is
// looked at again, after each change, and after a failure ever more rarely.

import { waits } from "./outbox.js";
import { dropPages, fetchAhead } from "./pages.js";
import { fetchDay, NotNow, send } from "./sending.js";
import * as store from "./store.js";

const FIRST_WAIT_MS = 2000, LONGEST_WAIT_MS = 5 * 60_000;
const LOOK_EVERY_MS = 5 * 60_000, NOT_AGAIN_WITHIN_MS = 30_000;

/** What a page shows: the person, their outbox, and why nothing goes out. */
export const state = {
  user: 0,
  build: "",
  changes: [],
  notices: [],
  /** "", "offline", "busy", "signed out", "somebody else", "no memory" */
  why: "",
  silentSince: 0,
  isSending: false,
  day: undefined,
};
const drawing = new Set();
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("concierge-day") : undefined;
let isStarted = false, running, isAgain = false, failures = 0, timer, lookedAt = 0;
let isWhole = true; // all pages of the day are on the device
let found;

/** Resolves when it is known whose page this is, and whether the browser keeps anything. */
export const ready = new Promise((resolve) => (found = resolve));

/** Call `draw(isFetched)` at once and whenever something changed; isFetched: pages on the server are newer than this. */
export function watch(draw, signal) {
  drawing.add(draw);
  signal.addEventListener("abort", () => drawing.delete(draw));
  if (isStarted) draw(false);
}

/** Draw anew what the outbox and the notices hold now. */
export const redraw = () => drawAll();

async function drawAll(isFetched = false) {
  state.changes = await store.changesOf(state.user);
  state.notices = await store.known(`notices:${state.user}`) ?? [];
  for (const draw of drawing) draw(isFetched);
}

/** Tell this page and the others of this device that something was entered, sent or refused. */
export async function tell() {
  await drawAll();
  channel?.postMessage("changed");
}

/** Begin; resolves when the device's memory has been read. Rejects where a browser keeps nothing. */
export async function begin({ user, build }) {
  Object.assign(state, { user, build });
  try {
    state.day = await store.known(`day:${user}`);
    state.silentSince = await store.known("silent") ?? 0;
    isStarted = true;
    await drawAll();
  } catch (problem) {
    state.why = "no memory";
    throw problem;
  } finally {
    found();
  }
  channel?.addEventListener("message", ({ data }) => {
    drawAll(data === "fetched");
    if (data === "changed") plan();
  });
  addEventListener("online", () => hurry());
  addEventListener("offline", () => silent("offline"));
  addEventListener("pageshow", (event) => event.persisted && hurry());
  addEventListener("focus", () => hurry());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && hurry());
  hurry();
}

/** Try now, whatever failed before. */
export function hurry() {
  failures = 0;
  return sync();
}

/** Send what waits and look for news; several calls at once are one. */
export function sync() {
  if (running) {
    isAgain = true;
    return running;
  }
  running = round().finally(() => {
    running = undefined;
    if (isAgain) {
      isAgain = false;
      sync();
    } else plan();
  });
  return running;
}

async function round() {
  try {
    state.isSending = state.changes.some((change) => waits(change) && change.notBefore <= Date.now());
    if (state.isSending) { for (const draw of drawing) draw(false); }
    const sent = await send(state.user, tell);
    const isDue = Date.now() - lookedAt > NOT_AGAIN_WITHIN_MS || state.why !== "" || !isWhole;
    const day = sent ?? (isDue ? await fetchDay(state.user) : undefined);
    if (day) await learn(day);
    failures = isWhole ? 0 : failures + 1;
    await spoke();
  } catch (problem) {
    failures += 1;
    if (!(problem instanceof NotNow)) console.warn(problem); // a full device, an odd answer: tried again like the rest
    await silent(problem instanceof NotNow ? problem.why : "busy");
  } finally {
    state.isSending = false;
    await tell();
  }
}

async function spoke() {
  state.why = "";
  if (state.silentSince) await store.know("silent", 0);
  state.silentSince = 0;
}

async function silent(why) {
  state.why = why;
  if (!state.silentSince && (why === "offline" || why === "busy")) {
    state.silentSince = Date.now();
    await store.know("silent", state.silentSince);
  }
  await drawAll();
}

function plan() {
  clearTimeout(timer);
  const now = Date.now();
  const waiting = state.changes.filter(waits);
  const held = waiting.filter((change) => change.notBefore > now).map((change) =>
    change.notBefore - now + 50
  );
  const later = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.75 + Math.random() / 2);
  const delays = [LOOK_EVERY_MS, ...held];
  if (waiting.length > held.length || !isWhole || ["offline", "busy"].includes(state.why)) delays.push(later);
  if (document.visibilityState !== "visible" && !waiting.length) return;
  timer = setTimeout(sync, Math.min(...delays));
}

// What the server said is kept; then the pages are fetched that it changes, and what they show leaves the outbox.
async function learn(day) {
  const began = Date.now();
  const { user } = state;
  lookedAt = began;
  await welcome(day.user.id);
  await noteNews(state.day, day);
  const isNew = state.day !== undefined && told(state.day) !== told(day);
  state.day = day;
  await store.know(`day:${user}`, day);
  const changes = await store.changesOf(user);
  const { isAll, fetched } = await fetchAhead(
    day,
    state.build,
    new Set(changes.map((change) => change.visit)),
  );
  isWhole = isAll;
  const shown = changes.filter((change) => isAll && change.state === "sent" && change.sentAt <= began);
  if (isNew || shown.length || fetched.includes(location.pathname)) {
    await Promise.all([...drawing].map((draw) => draw(true)));
    channel?.postMessage("fetched");
  }
  for (const change of shown) await store.remove(change.key, (now) => now.state === "sent");
}

const told = (day) => day && JSON.stringify([day.days, day.visits]);

// The device is now this person's; pages of another one go.
async function welcome(id) {
  const [owner, arriving] = [await store.known("owner"), await store.known("arriving")];
  if (owner?.id !== id || arriving) {
    await store.know("owner", { id, mail: arriving ?? (owner?.id === id ? owner.mail : "") });
    await store.know("arriving", undefined);
  }
  if (owner?.id !== id) await dropPages(id);
}

// Visits that moved, were cancelled or went to somebody else while nobody looked.
async function noteNews(before, now) {
  if (!before) return;
  const isOver = (visit) => ["complete", "incomplete"].includes(visit.state);
  const coming = new Map(now.visits.map((visit) => [visit.uid, visit]));
  const old = new Map(before.visits.map((visit) => [visit.uid, visit]));
  const news = [];
  for (const visit of before.visits) {
    const { uid, title } = visit;
    const after = coming.get(uid);
    const said = { uid, title, before: visit.starts_local, at: now.at };
    if (visit.state === "cancelled" || isOver(visit)) continue;
    if (after?.state === "cancelled") news.push({ ...said, kind: "cancelled" });
    else if (after && after.starts_local !== visit.starts_local) {
      news.push({ ...said, kind: "moved", after: after.starts_local });
    } else if (!after && Date.parse(visit.ends_at) > Date.parse(now.at)) news.push({ ...said, kind: "gone" });
  }
  for (const visit of now.visits) {
    const isKnownDay = before.days.includes(visit.starts_local.slice(0, 10));
    if (!old.has(visit.uid) && isKnownDay && !isOver(visit) && visit.state !== "cancelled") {
      news.push({ uid: visit.uid, title: visit.title, after: visit.starts_local, at: now.at, kind: "new" });
    }
  }
  if (!news.length) return;
  const name = `notices:${state.user}`;
  const kept = (await store.known(name) ?? []).filter((one) => !news.some((other) => other.uid === one.uid));
  await store.know(name, [...kept, ...news].slice(-30));
}

/** Take notices away that somebody has seen. */
export async function seen(uid) {
  const name = `notices:${state.user}`;
  await store.know(name, (await store.known(name) ?? []).filter((one) => one.uid !== uid));
  await tell();
}

/** Forget this person on the device. */
export async function leave(user) {
  await store.forget(user);
  await dropPages();
  channel?.postMessage("changed");
}
