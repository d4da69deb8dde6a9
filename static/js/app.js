// Starts htmx and the behaviours that a page asks for with data-behaviour="name …", also in content that comes later.
//
// A behaviour is a module in behaviours/ whose default export is `(element, {signal}) => void`. The signal is aborted when the
// element leaves the page; listeners on document or window take it, so that nothing stays behind.

import "htmx.org";

const running = new Map();

async function start(element, name) {
  const started = running.get(element) ?? new Map();
  if (started.has(name)) return;
  const stop = new AbortController();
  started.set(name, stop);
  running.set(element, started);
  const { default: behave } = await import(`./behaviours/${name}.js`);
  if (!stop.signal.aborted) behave(element, { signal: stop.signal });
}

function scan(root) {
  const found = [...root.querySelectorAll("[data-behaviour]")];
  if (root.matches?.("[data-behaviour]")) found.push(root);
  return found.flatMap((element) => {
    const names = element.dataset.behaviour.split(" ").filter(Boolean);
    return names.map((name) => start(element, name));
  });
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
