// Starts the day on a page: the worker, the outbox, and the strip that says how things stand.

import * as engine from "../day/engine.js";
import { element } from "../day/drawing.js";
import { waits } from "../day/outbox.js";
import { held } from "../day/pages.js";
import { clock, dayAndClock, dayOf, say, wall } from "../day/words.js";

const FIRST_TRY_MS = 2000, LONGEST_TRY_MS = 30_000;

export default function day(place, { signal }) {
  const { user, name, zone, build } = place.dataset;
  const strip = place.querySelector("[data-strip]");
  const notices = place.querySelector("[data-notices]");

  install();
  navigator.storage?.persist?.().catch(() => {});
  engine.begin({ user: Number(user), build }).catch(drawStrip);
  engine.watch(draw, signal);

  // Again and again until it has come about: a try may fail with the network, or its worker while it gets ready.
  // One that got ready while this page was on its way here does not answer for it unless it is told to.
  function install(wait = FIRST_TRY_MS) {
    const workers = navigator.serviceWorker;
    if (!workers || workers.controller || signal.aborted) return;
    workers.register("/day/worker.js", { scope: "/day" }).then(({ active }) => active?.postMessage("claim"))
      .catch(() => {});
    setTimeout(install, wait, Math.min(LONGEST_TRY_MS, wait * 2));
  }

  function draw(isFetched) {
    drawStrip();
    drawNotices();
    if (isFetched) return freshen().then(engine.redraw);
  }

  function drawStrip() {
    const { why, changes, silentSince, isSending } = engine.state;
    const waiting = changes.filter(waits).length;
    const refused = changes.filter((change) => change.state === "refused").length;
    const since = silentSince &&
      (dayOf(silentSince, zone) === dayOf(Date.now(), zone) ? clock : dayAndClock)(silentSince, zone);
    const counted = waiting ? " " + say("waits", { n: waiting }) : "";
    const [tone, text, link] = why === "no memory"
      ? ["warn", say("no-memory")]
      : why === "somebody else"
      ? ["bad", say("somebody-else", { name }), ["load", "/day"]]
      : why === "signed out"
      ? ["warn", say("signed-out") + counted, [
        "sign-in",
        `/sign-in?next=${encodeURIComponent(location.pathname)}`,
      ]]
      : why
      ? ["wait", say(why, { time: since }) + counted, waiting && ["outbox", "/day/outbox"]]
      : waiting && isSending
      ? ["go", say("sends", { n: waiting })]
      : ["", ""];
    const parts = text ? [[tone, text, link]] : [];
    if (refused) parts.push(["bad", say("refusals", { n: refused }), ["outbox", "/day/outbox"]]);
    const drawn = JSON.stringify(parts);
    if (strip.dataset.drawn === drawn) return; // said once, not at each step
    strip.dataset.drawn = drawn;
    strip.replaceChildren(...parts.map(line));
  }

  function drawNotices() {
    const drawn = JSON.stringify(engine.state.notices);
    if (notices.dataset.drawn === drawn) return;
    notices.dataset.drawn = drawn;
    notices.hidden = !engine.state.notices.length;
    notices.replaceChildren(...engine.state.notices.map(({ uid, kind, title, before, after }) => {
      const made = element("li", `notice ${kind === "new" ? "go" : "warn"}`);
      const button = element("button", "btn quiet", say("seen"));
      button.type = "button";
      button.addEventListener("click", () => engine.seen(uid));
      const text = say(kind, { title, before: before && wall(before), after: after && wall(after) });
      made.append(element("span", "st-place"), element("p", "", text), button);
      return made;
    }));
  }
}

function line([tone, text, link]) {
  const made = element("p", tone, text);
  if (link) {
    const anchor = element("a", "", say(link[0]));
    anchor.href = link[1];
    made.append(" ", anchor);
  }
  return made;
}

const IN_USE = "[data-drawn-on], [data-waiting], [aria-busy]"; // a drawing, photos without room, what is being kept

// The server's newer page takes the place of what stands here, but for a part in which somebody is writing.
async function freshen() {
  const answer = await held(location.pathname).catch(() => undefined) ?? await fromNetwork();
  if (!answer) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-fresh]")) {
    const fresh = page.querySelector(`[data-fresh="${CSS.escape(old.dataset.fresh)}"]`);
    if (fresh && !isInUse(old)) old.replaceWith(document.adoptNode(fresh));
  }
}

async function fromNetwork() {
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" }, cache: "no-store" });
    return answer.ok && !answer.redirected ? answer : undefined;
  } catch {
    return undefined;
  }
}

function isInUse(part) {
  const isTyped = [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((field) =>
    field.type === "radio" || field.type === "checkbox"
      ? field.checked !== field.defaultChecked
      : field.type === "file"
      ? field.files.length > 0
      : field.value !== field.defaultValue
  );
  return isTyped || part.contains(document.activeElement) || part.querySelector(IN_USE) !== null;
}
