// Takes what is entered at a visit into the device's outbox instead of sending the form, and shows it at once.

import { element, fate, icon, inWords, phaseOf, toast } from "../day/drawing.js";
import { ready, state, sync, tell, watch } from "../day/engine.js";
import { LARGEST_PHOTO, put } from "../day/outbox.js";
import { takeOut } from "../day/sending.js";
import * as store from "../day/store.js";
import { clock, say } from "../day/words.js";

const SHOWN = new Set(["tick", "reading", "serial", "text", "note", "photo"]);

export default function visit(place, { signal }) {
  const { visit: uid, ticket, title } = place.dataset;
  const { zone } = document.querySelector('[data-behaviour="day"]').dataset;
  const pictures = new Map();

  for (const scripted of place.querySelectorAll("[data-scripted]")) scripted.hidden = false;
  place.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-change]");
    if (!form || state.why === "no memory") return; // the form does it
    event.preventDefault();
    event.stopPropagation();
    await ready; // who is faster than the rest of the page would send the form, and lose it without network
    if (state.why === "no memory") return form.requestSubmit(event.submitter);
    if (state.why === "somebody else") {
      return say_(form, say("somebody-else", { name: document.querySelector("[data-name]").dataset.name }));
    }
    enter(form, event.submitter);
  }, { signal, capture: true });
  place.addEventListener("change", async ({ target }) => {
    if (!target.matches("[data-shoot]")) return;
    await ready;
    if (state.why !== "no memory") shoot(target);
  }, { signal });
  watch(draw, signal);
  signal.addEventListener("abort", () => pictures.forEach((address) => URL.revokeObjectURL(address)));

  function mine() {
    return state.changes.filter((change) => change.visit === uid);
  }

  async function enter(form, submitter) {
    if (form.hasAttribute("aria-busy")) return;
    const data = new FormData(form, submitter);
    const kind = form.dataset.change;
    const { value, picture } = read(kind, data);
    if (value === undefined) {
      say_(form, say("empty-value"));
      form.querySelector(":is(input:not([type=hidden], [type=file], [type=radio]), textarea)")?.focus();
      return;
    }
    const change = await keep(
      form,
      { kind, value, step: data.get("step"), words: submitter?.dataset.words },
      picture,
    );
    if (!change) return;
    form.reset();
    form.dispatchEvent(new Event("kept"));
    if (kind === "state") {
      toast(say(value.to) + ", " + clock(change.at, zone), say("undo"), () => takeBack(change));
    } else {
      form.closest("details.enter")?.removeAttribute("open");
      goOn(form);
    }
  }

  // One photo after the other, each a change of its own. A camera takes no picture twice: what the device had no room for
  // waits here for another try.
  async function shoot(input, files = [...input.files]) {
    const form = input.form;
    const caption = new FormData(form).get("caption") ?? "";
    const made = { kind: "photo", value: caption ? { caption } : {}, step: form.dataset.step };
    const left = [];
    let why = "";
    input.value = "";
    for (const file of files) {
      if (await keep(form, made, file)) continue;
      left.push(file);
      why = problemOf(form).textContent;
    }
    if (!left.length) return form.reset();
    const again = element("button", "btn quiet", say("save-again"));
    again.type = "button";
    again.dataset.waiting = "";
    again.addEventListener("click", () => shoot(input, left));
    say_(form, why);
    problemOf(form).append(again);
  }

  // What is entered is on the device before anything is said about it.
  async function keep(form, made, picture) {
    form.setAttribute("aria-busy", "true");
    say_(form, "");
    try {
      if (made.kind === "signature") made.value.shown = shown();
      const seen = made.step && made.kind !== "photo" ? seenAt(made.step, form) : [];
      const change = await put({
        ...made,
        user: state.user,
        visit: uid,
        ticket,
        title,
        name: form.dataset.name,
        step: made.step ?? "",
        seen,
      }, picture);
      await tell();
      sync();
      wake();
      return change;
    } catch (problem) {
      const why = problem.name === "QuotaExceededError"
        ? "full"
        : problem instanceof RangeError
        ? "too-large"
        : "not-kept";
      say_(form, say(why, { n: Math.round(LARGEST_PHOTO / 1024 / 1024) }));
      return undefined;
    } finally {
      form.removeAttribute("aria-busy");
    }
  }

  async function takeBack(change) {
    const isGone = await takeOut(change.key);
    await tell();
    toast(say(isGone ? "undone" : "too-late"));
  }

  // All that stands at a step before the person's eyes, sent or not.
  function seenAt(step, form) {
    const sent = form.elements.seen.value.split(" ").filter(Boolean);
    const here = mine().filter((change) =>
      change.step === step && change.kind !== "photo" && change.state !== "refused"
    );
    return [...new Set([...sent, ...here.map((change) => change.key)])];
  }

  // What a signature is bound to: everything on the page that no later value has replaced.
  function shown() {
    const here = mine().filter((change) => SHOWN.has(change.kind) && change.state !== "refused");
    const replaced = new Set(here.flatMap((change) => change.seen));
    const sent = [...place.querySelectorAll("[data-key]")].filter((each) =>
      !each.closest('[data-entries="signature"], [data-entries="not_ready"]')
    );
    return [...new Set([...sent.map((each) => each.dataset.key), ...here.map((change) => change.key)])]
      .filter((key) => !replaced.has(key));
  }

  function draw() {
    for (const old of place.querySelectorAll(".here")) old.remove();
    for (const old of place.querySelectorAll(".replaced")) old.classList.remove("replaced");
    const changes = mine();
    for (const step of place.querySelectorAll(".step")) {
      drawStep(
        step,
        changes.filter((change) => change.step === step.dataset.step),
      );
    }
    for (const change of changes) {
      const list = place.querySelector(`[data-entries="${CSS.escape(change.step || change.kind)}"]`);
      const isShown = [...place.querySelectorAll("[data-key]")].some((each) =>
        each.dataset.key === change.key
      );
      if (list && !isShown) list.append(entry(change));
      for (const key of change.state === "refused" ? [] : change.seen) {
        for (const each of place.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)) {
          each.classList.add("replaced");
        }
      }
    }
    drawPhase(changes);
    drawOpen();
  }

  function drawStep(step, here) {
    step.dataset.was ??= step.classList.contains("on") ? "on" : "off";
    const last = here.filter((change) => change.state !== "refused").at(-1);
    const isOn = last ? last.value !== false : step.dataset.was === "on";
    step.classList.toggle("on", isOn);
  }

  function entry(change) {
    const { tone, text } = fate(change);
    const made = element("li", `entry here ${tone}`);
    made.dataset.key = change.key;
    if (change.kind === "photo" || change.file) made.append(picture(change));
    made.append(
      element("b", "", inWords(change)),
      " ",
      element("span", "meta", `${clock(change.at, zone)} · `),
      element("span", "fate", text),
    );
    return made;
  }

  function picture(change) {
    const made = element("img");
    made.alt = change.value.caption || change.name;
    made.width = made.height = 96;
    const known = pictures.get(change.file);
    if (known) made.src = known;
    else {
      store.photo(change.file).then(async (photo) => {
        if (!photo) return;
        const address = await dataAddress(photo); // the content policy takes no blob: addresses
        pictures.set(change.file, address);
        made.src = address;
      });
    }
    return made;
  }

  function drawPhase(changes) {
    const tap = phaseOf(changes, uid);
    const thumb = place.querySelector(".thumb");
    if (!thumb) return; // one step among others, on another page
    thumb.dataset.was ??= thumb.dataset.phase;
    thumb.dataset.phase = tap?.phase ?? thumb.dataset.was;
    const words = tap && say(`is-${tap.phase}`, { time: clock(tap.at, zone) });
    const over = thumb.querySelector("[data-over]");
    over.dataset.was ??= over.textContent;
    over.textContent = words && tap.phase === "over" ? words : over.dataset.was;
    place.querySelector(".ending").hidden = ["over", "cancelled"].includes(thumb.dataset.phase);
    const pill = document.querySelector("[data-state]");
    pill?.querySelector(".pending")?.remove();
    if (tap) pill?.append(element("span", "pill go pending", words));
  }

  function drawOpen() {
    const [count, all] = [place.querySelector("[data-count]"), place.querySelectorAll(".step")];
    if (all.length > 1 && count) {
      const done = place.querySelectorAll(".step.on").length;
      count.textContent = count.dataset.count.replace("{done}", done).replace("{n}", all.length);
    }
    const line = place.querySelector("[data-open-steps]");
    const n = place.querySelectorAll(".step[data-required]:not(.on)").length;
    if (line) {
      line.textContent = n === 0 ? "" : (n === 1 ? line.dataset.one : line.dataset.other.replace("{n}", n));
    }
  }

  // The next step that is open, so that a hand need not look for it.
  function goOn(form) {
    const here = form.closest(".step");
    if (!here) return;
    const next = [...place.querySelectorAll(".step:not(.on)")].find((step) =>
      here.compareDocumentPosition(step) & Node.DOCUMENT_POSITION_FOLLOWING
    );
    next?.querySelector("button:not([hidden]), summary, input:not([type=hidden])")?.focus({
      preventScroll: false,
    });
  }
}

// The value of a form as the protocol wants it; undefined when nothing is filled in.
function read(kind, data) {
  const text = (name) => String(data.get(name) ?? "").trim();
  const file = data.getAll("file").find((each) => each instanceof File && each.size > 0);
  switch (kind) {
    case "tick":
      return { value: text("value") === "true" };
    case "state": {
      const needsNote = text("to") === "incomplete";
      if (needsNote && !text("note")) return {};
      return { value: needsNote ? { to: text("to"), note: text("note") } : { to: text("to") } };
    }
    case "photo":
      return file ? { value: text("caption") ? { caption: text("caption") } : {}, picture: file } : {};
    case "not_ready":
      return text("note") ? { value: { cause: text("cause"), note: text("note") }, picture: file } : {};
    case "signature":
      return text("name")
        ? {
          value: {
            party: text("party"),
            name: text("name"),
            role: text("role"),
            meaning: text("meaning"),
            strokes: JSON.parse(text("strokes") || "[]"),
          },
        }
        : {};
    default:
      return { value: text("value") || undefined };
  }
}

const problemOf = (form) =>
  (form.closest(".step, section, details, .sides") ?? form.parentElement).querySelector("[data-problem]");

function say_(form, text) {
  const place = problemOf(form);
  if (!place) return;
  place.replaceChildren(...(text ? [icon("triangle-alert"), text] : []));
  place.hidden = !text;
}

function dataAddress(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

// Where the browser can, the worker is woken by the network although this page is closed.
async function wake() {
  try {
    const registration = await navigator.serviceWorker?.ready;
    await registration?.sync?.register("concierge-day");
  } catch { /* a browser that cannot; the page sends when it is open */ }
}
