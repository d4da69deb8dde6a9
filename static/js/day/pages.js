// The pages of the day on the device: fetched ahead, so that they open without network.

import * as store from "./store.js";

export const PAGES = "concierge-day-pages";
export const PERSON = "Concierge-Person";

export const isThere = () => "caches" in globalThis;

/** The addresses that a person needs without network, each with what it depends on. */
function wanted(day, build) {
  const here = day.days.join();
  const all = JSON.stringify(day.visits);
  const pages = { "/day": build + here + all, "/day/outbox": build + all };
  for (const visit of day.visits) pages[`/day/visits/${visit.uid}`] = build + JSON.stringify(visit);
  return pages;
}

/**
 * Fetch the pages that are not on the device as they are now.
 *
 * @param day as the server said it
 * @param build what tells this release from another one
 * @param keep visits whose pages stay although the day no longer names them
 * @returns isAll: whether all of them are here; fetched: those that are new
 */
export async function fetchAhead(day, build, keep) {
  if (!isThere()) return { isAll: true, fetched: [] };
  const cache = await caches.open(PAGES);
  const name = `pages:${day.user.id}`;
  const before = await store.known(name) ?? {};
  const now = wanted(day, build);
  const here = new Map();
  for (const request of await cache.keys()) here.set(new URL(request.url).pathname, request);
  let isAll = true;
  const fetched = [];
  for (const [path, stamp] of Object.entries(now)) {
    if (before[path] === stamp && here.has(path)) continue;
    if (await fetchPage(cache, path, day.user.id)) {
      before[path] = stamp;
      fetched.push(path);
    } else isAll = false;
  }
  const kept = new Set([...Object.keys(now), ...[...keep].map((uid) => `/day/visits/${uid}`)]);
  for (const [path, request] of here) if (!kept.has(path)) await cache.delete(request);
  await store.know(name, Object.fromEntries(Object.entries(before).filter(([path]) => kept.has(path))));
  if (isAll) navigator.serviceWorker?.controller?.postMessage("tidy");
  return { isAll, fetched };
}

async function fetchPage(cache, path, user) {
  try {
    const answer = await fetch(path, {
      headers: { Accept: "text/html" },
      cache: "no-store",
      signal: AbortSignal.timeout(20_000),
    });
    if (!isOf(answer, user)) return false;
    await cache.put(path, answer);
    return true;
  } catch {
    return false;
  }
}

/** Whether an answer is a page of the day of this person, and not a sign-in or somebody else's. */
export function isOf(answer, user) {
  return answer.ok && !answer.redirected && answer.headers.get(PERSON) === String(user);
}

/** The page as the device holds it. */
export async function held(path) {
  return isThere() ? (await caches.open(PAGES)).match(path) : undefined;
}

/** Take away the pages of everybody but one person; of all without one. */
export async function dropPages(except) {
  if (!isThere()) return;
  const cache = await caches.open(PAGES);
  for (const request of await cache.keys()) {
    const page = await cache.match(request);
    if (!page || !except || page.headers.get(PERSON) !== String(except)) await cache.delete(request);
  }
}
