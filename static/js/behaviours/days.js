// Keeps the line of days true while the page is old: which day is today, where now is, which visit comes next.

import { element, phaseOf } from "../day/drawing.js";
import { state, watch } from "../day/engine.js";
import { clock, dayAndClock, dayOf, say } from "../day/words.js";

const MINUTE_MS = 60_000, A_DAY_MS = 24 * 60 * MINUTE_MS;
let asked;

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  asked = event;
  offerInstall();
});

export default function days(place, { signal }) {
  const { zone } = document.querySelector('[data-behaviour="day"]').dataset;
  const timer = setInterval(draw, MINUTE_MS / 2);
  signal.addEventListener("abort", () => clearInterval(timer));
  watch(draw, signal);
  offerInstall();

  function draw() {
    drawDays();
    drawStates();
    drawNow();
    drawNext();
  }

  function drawDays() {
    const today = dayOf(Date.now(), zone), tomorrow = dayOf(Date.now() + A_DAY_MS, zone);
    let shown;
    for (const section of place.querySelectorAll("[data-day]")) {
      const { day } = section.dataset;
      section.hidden = day < today;
      section.querySelector("[data-relative]").textContent = day === today
        ? say("today")
        : day === tomorrow
        ? say("tomorrow")
        : "";
      if (day === today) shown = section;
    }
    const asOf = Date.parse(document.querySelector("[data-as-of]").dataset.asOf);
    const old = document.querySelector("[data-old]");
    old.hidden = dayOf(asOf, zone) === today;
    old.textContent = old.hidden ? "" : say("old-plan", { time: dayAndClock(asOf, zone) });
    if (!shown) return;
    setText(document.querySelector("[data-answer]"), shown.dataset.sentence);
    setText(document.querySelector("[data-as-of]"), shown.dataset.named);
  }

  function drawStates() {
    for (const stay of place.querySelectorAll("[data-visit]")) {
      const tap = phaseOf(state.changes, stay.dataset.visit);
      stay.dataset.was ??= stay.dataset.phase;
      stay.dataset.phase = tap?.phase ?? stay.dataset.was;
      const pill = stay.querySelector("[data-state]");
      pill.querySelector(".pending")?.remove();
      if (tap) {
        pill.append(
          element("span", "pill go pending", say(`is-${tap.phase}`, { time: clock(tap.at, zone) })),
        );
      }
    }
  }

  function drawNow() {
    const now = Date.now();
    for (const piece of place.querySelectorAll(".line > li")) {
      piece.classList.remove(...[...piece.classList].filter((name) => /^(now$|at-)/.test(name)));
      const [from, to] = [Date.parse(piece.dataset.from), Date.parse(piece.dataset.to)];
      if (from <= now && now < to) {
        piece.classList.add("now", `at-${Math.floor(10 * (now - from) / (to - from))}`);
      }
    }
  }

  function drawNext() {
    const cards = [...place.querySelectorAll("[data-card]")];
    const open = cards.filter((card) => !["over", "cancelled"].includes(card.dataset.phase));
    const next = open.find((card) => card.dataset.phase === "in progress") ??
      open.find((card) => card.dataset.phase === "on route") ??
      open.find((card) => Date.parse(card.dataset.to) > Date.now());
    for (const card of cards) card.hidden = card !== next;
  }
}

function setText(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}

// Where a browser offers to install, a button; on an iPhone, how it is done by hand.
function offerInstall() {
  const place = document.querySelector("[data-install]");
  if (!place || matchMedia("(display-mode: standalone)").matches) return;
  const button = place.querySelector("[data-install-now]");
  const isByHand = !asked && /iPhone|iPad/.test(navigator.userAgent);
  place.hidden = !asked && !isByHand;
  button.hidden = !asked;
  place.querySelector("[data-install-by-hand]").textContent = isByHand ? say("no-install") : "";
  button.onclick = () => asked?.prompt();
}
