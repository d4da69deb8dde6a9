// Lists what waits on the device and what was refused; sends it again, or discards it.

import { element, fate, icon, inWords } from "../day/drawing.js";
import { hurry, state, tell, watch } from "../day/engine.js";
import { send, takeOut } from "../day/sending.js";
import * as store from "../day/store.js";
import { dayAndClock, say } from "../day/words.js";

export default function outbox(place, { signal }) {
  const { zone } = document.querySelector('[data-behaviour="day"]').dataset;
  const list = place.querySelector("[data-waiting]");
  const none = place.querySelector("[data-none]");
  const more = place.querySelector("[data-when-waiting]");
  place.querySelector("[data-send]").addEventListener("click", () => hurry(), { signal });
  const others = place.querySelector("[data-others]");
  others.querySelector("button").addEventListener("click", handIn, { signal });
  watch(draw, signal);
  drawOthers();

  // What somebody else left on this device: theirs alone to send, unless their access was ended.
  async function drawOthers() {
    const left = await store.ofOthers(state.user);
    const n = [...left.values()].reduce((sum, one) => sum + one, 0);
    others.hidden = !n;
    others.querySelector("[data-count]").textContent = n === 1
      ? others.dataset.one
      : others.dataset.other.replace("{n}", n);
  }

  async function handIn() {
    const said = others.querySelector("[data-said]");
    said.textContent = "";
    for (const whose of (await store.ofOthers(state.user)).keys()) {
      try {
        await send(whose, () => {}, state.user);
      } catch (problem) {
        said.textContent = problem.why === "somebody else" ? others.dataset.stays : others.dataset.later;
      }
      for (const change of await store.changesOf(whose)) {
        if (change.state === "sent") await store.remove(change.key);
        else if (change.sentence) said.textContent = change.sentence;
      }
    }
    await drawOthers();
  }

  function draw() {
    const changes = state.changes.filter((change) => change.state !== "sent");
    const focused = document.activeElement?.closest("[data-row]")?.dataset.row;
    list.hidden = !changes.length;
    more.hidden = !changes.some((change) => change.state === "waiting");
    none.hidden = changes.length > 0;
    none.textContent = changes.length ? "" : say("nothing-waits");
    list.replaceChildren(...changes.map(row));
    if (focused) list.querySelector(`[data-row="${CSS.escape(focused)}"] button`)?.focus();
  }

  function row(change) {
    const { tone, text } = fate(change);
    const made = element("li", `entry ${tone}`);
    made.dataset.row = change.key;
    const link = element("a", "", change.title);
    link.href = `/day/visits/${change.visit}${change.step ? `#step-${change.step}` : ""}`;
    const acts = element("p", "acts");
    if (change.state === "refused") acts.append(button("refresh-cw", say("again"), () => again(change)));
    acts.append(button("x", say("discard"), () => discard(change)));
    const what = element("p", "", change.name && change.kind !== "state" ? `${change.name}: ` : "");
    what.append(element("b", "", inWords(change)));
    const about = element("p", "meta");
    about.append(link, ` · ${dayAndClock(change.at, zone)}`);
    made.append(what, about, element("p", "fate", text), acts);
    return made;
  }

  async function again(change) {
    await store.note(change.key, { state: "waiting", sentence: "", notBefore: 0 });
    await tell();
    hurry();
  }

  async function discard(change) {
    if (!globalThis.confirm(say("discard-question"))) return;
    await takeOut(change.key);
    await tell();
  }
}

function button(name, text, act) {
  const made = element("button", "btn quiet");
  made.type = "button";
  made.append(icon(name), text);
  made.addEventListener("click", act);
  return made;
}
