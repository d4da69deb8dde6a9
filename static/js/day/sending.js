// Sends the outbox: one sender at a time, small things before photos, again and again until each change has an outcome.
//
// Knows no page; pages and the service worker use it. What the server said is kept with each change.

import { instant, waits } from "./outbox.js";
import * as store from "./store.js";

const BATCH = 50, BATCH_BYTES = 1_500_000, PIECE = 512 * 1024;
const QUICK_MS = 20_000, SLOW_MS = 120_000;
const LATER_MS = 2000, LATEST_MS = 10 * 60_000;
const LOCK = "concierge-day-send";

/** Why nothing could be sent. `why`: "offline", "busy", "signed out", "somebody else". */
export class NotNow extends Error {
  constructor(why) {
    super(why);
    this.why = why;
  }
}

async function ask(path, options = {}, limit = QUICK_MS) {
  let answer;
  try {
    answer = await fetch(path, {
      ...options,
      headers: { Accept: "application/json", ...options.headers },
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(limit),
    });
  } catch {
    throw new NotNow("offline");
  }
  if (answer.status === 401) throw new NotNow("signed out");
  if (answer.status === 429 || answer.status >= 500) throw new NotNow("busy");
  return answer;
}

async function read(answer) {
  try {
    return await answer.json();
  } catch {
    throw new NotNow("offline"); // a hotel's portal answers everything with a page of its own
  }
}

/** What the server knows of the day; throws NotNow when somebody else is signed in by now. */
export async function fetchDay(user) {
  const answer = await ask("/day/data");
  if (!answer.ok) throw new NotNow("busy");
  const day = await read(answer);
  if (user && day.user?.id !== user) throw new NotNow("somebody else");
  return day;
}

/**
 * Send what waits.
 *
 * @param user id of the person whose outbox it is
 * @param tell called after each step, to draw anew
 * @param viewer id of who is signed in: another person may hand in what somebody left whose access was ended
 * @returns the last Day that the server gave; undefined when another page is sending or nothing is due
 */
export function send(user, tell = () => {}, viewer = user) {
  const act = () => new Sender(user, tell, viewer).rounds();
  if (!globalThis.navigator?.locks) return act();
  const isOwn = viewer === user; // what is handed in for somebody waits for its turn: nobody tries it again
  return navigator.locks.request(LOCK, { ifAvailable: isOwn }, (lock) => lock ? act() : undefined);
}

/** Take a change out of the outbox while nothing is being sent; says whether it had not gone yet. */
export function takeOut(key) {
  const act = () => store.remove(key, (now) => now.state !== "sent");
  return globalThis.navigator?.locks ? navigator.locks.request(LOCK, act) : act();
}

class Sender {
  constructor(user, tell, viewer) {
    this.user = user;
    this.viewer = viewer;
    this.tell = tell;
  }

  async rounds() {
    for (const tried = new Set();;) {
      const now = Date.now();
      const waiting = (await store.changesOf(this.user)).filter(waits);
      const due = waiting.filter((change) => change.notBefore <= now && !isEarly(change, waiting));
      const ready = due.filter((change) => !change.file || change.isUploaded);
      const next = due.find((change) => change.file && !change.isUploaded && !tried.has(change.key));
      if (ready.some((change) => !tried.has(change.key))) {
        const batch = takeBatch(ready.filter((change) => !tried.has(change.key)));
        await this.post(batch);
        for (const change of batch) tried.add(change.key);
      } else if (next) {
        await this.upload(next);
        const isLost = !(await store.changesOf(this.user)).some((one) =>
          one.key === next.key && one.isUploaded
        );
        if (isLost) tried.add(next.key);
      } else return this.day;
      await this.tell();
    }
  }

  async token(isStale = false) {
    if (!this.day || isStale) this.day = await fetchDay(this.viewer);
    return this.day.token;
  }

  // One more try with a fresh token: the old one may have ended with its sign-in.
  async withToken(request) {
    const answer = await request(await this.token());
    return answer.status === 400 ? request(await this.token(true)) : answer;
  }

  async post(batch) {
    const changes = batch.map(({ key, visit, ticket, kind, step, value, at, seen }) => ({
      key,
      visit,
      ticket,
      kind,
      step,
      value,
      at,
      seen,
    }));
    const answer = await this.withToken((token) =>
      ask("/day/changes", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify({ user: this.user, sent_at: instant(), changes }),
      }, SLOW_MS)
    );
    if (!answer.ok) return this.unread(batch, answer);
    const { results, data } = await read(answer);
    if (data?.user?.id === this.viewer) this.day = data;
    for (const { key, outcome, sentence } of results ?? []) await this.became(key, outcome, sentence);
  }

  // Of a batch that the server cannot read, the change at fault is found by sending each alone.
  async unread(batch, answer) {
    if (![409, 413, 422].includes(answer.status)) throw new NotNow("busy");
    const said = await read(answer);
    if (said.why === "not yours") throw new NotNow("somebody else");
    await this.token(true); // says so when somebody else has signed in meanwhile
    if (batch.length > 1) {
      for (const change of batch) await this.post([change]);
      return;
    }
    await store.note(batch[0].key, { state: "refused", sentence: said.detail ?? "" });
  }

  became(key, outcome, sentence = "") {
    if (outcome === "later") return this.postpone(key);
    if (outcome === "refused") return store.note(key, { state: "refused", sentence });
    if (["done", "known", "conflict"].includes(outcome)) {
      return store.note(key, {
        state: "sent",
        sentence,
        isConflict: outcome === "conflict",
        sentAt: Date.now(),
      });
    }
  }

  // The server asks for it once more; each time a little later.
  async postpone(key) {
    const change = (await store.changesOf(this.user)).find((one) => one.key === key);
    if (!change) return;
    const tries = (change.tries ?? 0) + 1;
    const notBefore = Date.now() + Math.min(LATEST_MS, LATER_MS * 2 ** tries);
    await store.note(key, { tries, notBefore, isUploaded: false, sent: 0 });
  }

  async upload(change) {
    const photo = await store.photo(change.file);
    if (!photo) return store.note(change.key, { state: "refused", sentence: "" });
    let at = 0, isKnown = false;
    for (let round = 0; round < 2000; round++) {
      const piece = isKnown ? photo.slice(at, at + PIECE) : undefined; // first: how much is there?
      const answer = await this.withToken((token) =>
        ask(`/day/files/${change.file}?offset=${isKnown ? at : 0}&size=${photo.size}&of=${this.user}`, {
          method: "POST",
          headers: { "Content-Type": "application/octet-stream", "X-CSRFToken": token },
          body: piece ?? new Uint8Array(),
        }, SLOW_MS)
      );
      if (answer.status === 422 || answer.status === 413) {
        const { detail, why } = await read(answer);
        if (why === "not yours") throw new NotNow("somebody else");
        return store.note(change.key, { state: "refused", sentence: detail ?? "" });
      }
      if (!answer.ok && answer.status !== 409) throw new NotNow("busy");
      const { received, is_whole } = await read(answer);
      isKnown = true;
      at = received;
      await store.note(change.key, { sent: at, isUploaded: is_whole });
      await this.tell();
      if (is_whole) return;
    }
  }
}

// Who signs has seen the photos: they go first, so that the certificate holds them. One that fails holds up nobody.
function isEarly(change, waiting) {
  return change.kind === "signature" &&
    waiting.some((one) => one.file && one.visit === change.visit && one.n < change.n && !(one.tries > 2));
}

function takeBatch(ready) {
  let bytes = 0;
  const batch = [];
  for (const change of ready) {
    bytes += JSON.stringify(change.value).length + 600;
    if (batch.length && (batch.length === BATCH || bytes > BATCH_BYTES)) break;
    batch.push(change);
  }
  return batch;
}
