// Puts what is in the outbox over pages that the server made: values not sent yet, and how far a visit is with them.

import { say } from "./words.js";

/** How far a visit is once a tap counts. */
const PHASE = { "on route": "on route", arrived: "in progress", finished: "over", incomplete: "over" };

/** The phase of a visit with its taps in the outbox; undefined when there are none. */
export function phaseOf(changes, uid) {
  const taps = changes.filter((one) => one.visit === uid && one.kind === "state" && one.state !== "refused");
  const last = taps.at(-1);
  return last && { phase: PHASE[last.value.to], to: last.value.to, at: last.at };
}

/** A value in words, as it was typed. */
export function inWords({ kind, value, words }) {
  if (kind === "tick") return say(value ? "ticked" : "unticked");
  if (kind === "state") return [say(value.to), value.note].filter(Boolean).join(": ");
  if (kind === "photo") return value.caption || say("photo");
  if (kind === "not_ready") return value.note;
  if (kind === "signature") return say("signed-by", { name: value.name });
  return words ?? String(value);
}

/** What became of a change, in a sentence and a colour. */
export function fate(change) {
  if (change.state === "refused") {
    return {
      tone: "bad",
      text: change.sentence ? say("refused", { why: change.sentence }) : say("refused-plain"),
    };
  }
  if (change.state === "sent") {
    return change.isConflict && change.sentence
      ? { tone: "warn", text: say("conflict", { why: change.sentence }) }
      : { tone: "ok", text: say("sent") };
  }
  if (change.sent && !change.isUploaded) {
    return { tone: "go", text: say("sending", { percent: Math.floor(100 * change.sent / change.size) }) };
  }
  return { tone: "wait", text: say("queued") };
}

/** An element with a class and a text; both may be empty. */
export function element(name, look = "", text = "") {
  const made = document.createElement(name);
  if (look) made.className = look;
  if (text) made.textContent = text;
  return made;
}

/** A picture of the sprite, as `parts/icon.html` makes it. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  const sprite = document.querySelector("svg.i use")?.getAttribute("href")?.split("#")[0];
  made.setAttribute("class", "i");
  made.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${sprite}#${name}`);
  made.append(use);
  return made;
}

/** A toast with one button, as `parts/toast.html` makes it. */
export function toast(text, verb, act) {
  for (const old of document.querySelectorAll("[data-of-day]")) old.remove();
  const made = element("div", "toast");
  made.dataset.ofDay = "";
  made.dataset.behaviour = "toast";
  made.append(element("p", "", text));
  if (verb) {
    const button = element("button", "btn quiet");
    button.type = "button";
    button.append(icon("undo-2"), verb);
    button.addEventListener("click", () => {
      made.remove();
      act();
    });
    made.append(button);
  }
  document.getElementById("toasts").append(made);
}
