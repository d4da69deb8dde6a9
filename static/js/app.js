// Starts htmx and the behaviours that a page asks for with data-behaviour="name …", also in content that comes later.
//
// A behaviour is a module in behaviours/ whose default export is `(element, {signal}) => void`. The signal is aborted when the
// element leaves the page; listeners on document or window take it, so that nothing stays behind.

import "htmx.org";

const running = new Map();
const coming = new WeakMap(); // what an element's behaviours are still loaded by

async function start(element, name) {
  const started = running.get(element) ?? new Map();
  if (started.has(name)) return;
  const stop = new AbortController();
  started.set(name, stop);
  running.set(element, started);
  const { default: behave } = await import(`./behaviours/${name}.js`);
  if (!stop.signal.aborted) behave(element, { signal: stop.signal });
}

function begin(element, names) {
  const begun = Promise.all(names.map((name) => start(element, name)));
  coming.set(element, begun);
  const came = () => {
    if (coming.get(element) === begun) coming.delete(element);
  };
  begun.then(came, came);
  return begun;
}

// Whoever is faster than a behaviour gets it all the same: what is pressed, chosen, typed or sent within an element waits until
// the element's behaviours are there, and is done once. The page itself (its keys) holds nothing back.
const waiting = new WeakMap(); // element -> kinds of events that wait for it

function loading(element) {
  const found = [];
  for (let one = element; one && one !== document.body; one = one.parentElement) {
    if (coming.has(one)) found.push(coming.get(one));
  }
  return found;
}

async function hold(event) {
  const { type, submitter } = event;
  if (type === "click" && (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) return;
  const thing = type === "click" ? event.target.closest("a[href], button") : event.target;
  const awaited = loading(thing);
  if (!awaited.length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const kinds = waiting.get(thing) ?? new Set();
  if (kinds.has(type)) return;
  waiting.set(thing, kinds.add(type));
  await Promise.allSettled(awaited);
  kinds.delete(type);
  if (!thing.isConnected) return;
  if (type === "submit") thing.requestSubmit(submitter?.isConnected ? submitter : undefined);
  else if (type === "click") thing.click();
  else thing.dispatchEvent(new Event(type, { bubbles: true }));
}
for (const type of ["click", "input", "change", "submit"]) {
  document.addEventListener(type, hold, { capture: true });
}

function scan(root) {
  const found = [...root.querySelectorAll("[data-behaviour]")];
  if (root.matches?.("[data-behaviour]")) found.push(root);
  return found.map((element) => begin(element, element.dataset.behaviour.split(" ").filter(Boolean)));
}

function sweep() {
  for (const [element, started] of running) {
    if (element.isConnected) continue;
    for (const stop of started.values()) stop.abort();
    running.delete(element);
  }
}

Promise.all(scan(document)).then(() => {
  document.documentElement.dataset.started = ""; // keys and menus answer from now on
});
new MutationObserver((records) => {
  for (const record of records) {
    for (const node of record.addedNodes) if (node.nodeType === Node.ELEMENT_NODE) scan(node);
  }
  sweep();
}).observe(document.documentElement, { childList: true, subtree: true });
