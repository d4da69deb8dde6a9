// The service worker: opens the day without network. `SHELL`, in front of this, lists the files that it needs.
//
// Files have their content's hash in their name, so an old page keeps the files that it was made with; they go when
// all pages have been fetched anew ("tidy"). What was entered is not touched here but to be sent.

import { PAGES, PERSON } from "./pages.js";
import { NotNow, send } from "./sending.js";
import * as store from "./store.js";

const FILES = "concierge-day-files";
const NOWHERE = "/day/offline";
const PATIENCE_MS = 4000;
const here = globalThis;

here.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(FILES);
    const missing = [];
    for (const path of here.SHELL) if (path === NOWHERE || !await cache.match(path)) missing.push(path);
    await cache.addAll(missing);
    await here.skipWaiting(); // nothing of the old worker is in use: pages and files name each other
  })());
});

here.addEventListener("activate", (event) => event.waitUntil(here.clients.claim()));

here.addEventListener("message", (event) => {
  if (event.data === "tidy") event.waitUntil(tidy());
  if (event.data === "claim") event.waitUntil(here.clients.claim());
});

async function tidy() {
  const cache = await caches.open(FILES);
  const wanted = new Set(here.SHELL);
  for (const request of await cache.keys()) {
    if (!wanted.has(new URL(request.url).pathname)) await cache.delete(request);
  }
}

here.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate" && isPage(url.pathname)) {
    event.respondWith(page(event, url.pathname));
  }
});

const isPage = (path) => path === "/day" || path === "/day/outbox" || path.startsWith("/day/visits/");

async function file(request) {
  const cache = await caches.open(FILES);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && answer.status === 200) await cache.put(request, answer.clone()).catch(() => {});
  return answer;
}

// The network's page, or the device's when there is no network or it keeps us waiting.
async function page(event, path) {
  const kept = await keptPage(path);
  const fromNetwork = fetch(event.request).then(async (answer) => {
    if ([502, 503, 504].includes(answer.status) && kept) return kept;
    if (answer.ok && !answer.redirected && answer.headers.has(PERSON)) {
      const copy = answer.clone();
      await caches.open(PAGES).then((cache) => cache.put(path, copy)).catch(() => {});
    }
    return answer;
  });
  if (!kept) return fromNetwork.catch(nowhere);
  event.waitUntil(fromNetwork.catch(() => {})); // also when it comes too late for now
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
  return Promise.race([fromNetwork.catch(() => kept), patience]);
}

// Not to whoever has just signed in, unless the pages are theirs.
async function keptPage(path) {
  const kept = await (await caches.open(PAGES)).match(path);
  if (!kept) return undefined;
  try {
    const [arriving, owner] = [await store.known("arriving"), await store.known("owner")];
    if (arriving && arriving !== owner?.mail) return undefined;
    if (owner && kept.headers.get(PERSON) !== String(owner.id)) return undefined;
  } catch {
    return undefined;
  }
  return kept;
}

const nowhere = async () => (await caches.match(NOWHERE)) ?? Response.error();

// Where browsers can wake a worker, what waits goes out although no page is open.
here.addEventListener("sync", (event) => {
  if (event.tag === "concierge-day") event.waitUntil(sendInTheBackground());
});

async function sendInTheBackground() {
  const owner = await store.known("owner");
  if (!owner) return;
  try {
    await send(owner.id);
  } catch (problem) {
    if (!(problem instanceof NotNow) || problem.why === "offline" || problem.why === "busy") throw problem;
  }
}
