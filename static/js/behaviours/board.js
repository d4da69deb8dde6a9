// The dispatch board: drags bars between days and people, and work from the tray onto them; Alt and an arrow do the same. What it
// does is the form of the visit: every drop is sent to the server, whose answer is the board anew, or a page that asks something
// first, which is shown in the dialog. Without scripts a bar is a link to that form.

import htmx from "htmx.org";

const FAR_PX = 5;
const MINUTES = 24 * 60;
const STEP = 30;
const EDGE_PX = 60;
const PARTS = ["board-head", "board", "board-tray", "board-poll"];
const SVG = "http://www.w3.org/2000/svg";

export default function board(element, { signal }) {
  const dialog = document.getElementById("board-dialog");
  const said = document.getElementById("board-said");
  const token = () => document.querySelector('#board-drop [name="csrf_token"]')?.value;
  let held; // what is dragged
  let isBusy = false;
  let told; // what an arrow key asks for, said once it is done

  const number = (name) => Number(element.dataset[name]);
  const days = () => number("days");
  const isWide = () => element.querySelector(".dispatch-card")?.checkVisibility();
  const rows = () => [...element.querySelectorAll("tbody tr[data-user]")];
  const pictureOf = (row) => row.querySelector(".pic > svg");
  const address = (path, after = "") =>
    `${path}${after}${element.dataset.query ? `?${element.dataset.query}` : ""}`;
  const say = (text) => (said.textContent = text);

  // ---------------------------------------------------------------- places and times

  // minutes since the first midnight that a place on the axis stands for; nights are narrow
  function minutesAt(share) {
    const [opens, closes, night] = [number("opens"), number("closes"), number("night")];
    const day = Math.floor(share);
    const part = share - day;
    if (part < night) return day * MINUTES + (part / night) * opens;
    if (part > 1 - night) return (day + 1) * MINUTES - ((1 - part) / night) * (MINUTES - closes);
    return day * MINUTES + opens + ((part - night) / (1 - 2 * night)) * (closes - opens);
  }

  function shareAt(minutes) {
    const [opens, closes, night] = [number("opens"), number("closes"), number("night")];
    const day = Math.floor(minutes / MINUTES);
    const minute = minutes - day * MINUTES;
    if (minute < opens) return day + (night * minute) / opens;
    if (minute > closes) return day + 1 - (night * (MINUTES - minute)) / (MINUTES - closes);
    return day + night + ((1 - 2 * night) * (minute - opens)) / (closes - opens);
  }

  function dayName(offset) {
    const day = new Date(`${element.dataset.first}T12:00:00Z`);
    day.setUTCDate(day.getUTCDate() + offset);
    return day.toISOString().slice(0, 10);
  }

  const rowAt = (y) =>
    rows().find((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return y >= top && y < bottom;
    });

  // ---------------------------------------------------------------- sending, and what comes back

  function fields(values) {
    const form = new FormData();
    for (const [name, value] of Object.entries(values)) form.set(name, value);
    form.set("csrf_token", token());
    return form;
  }

  async function send(url, body) {
    if (isBusy) return;
    isBusy = true;
    element.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { method: body ? "POST" : "GET", body, signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (page.getElementById("board")) await renew(page);
      else if (page.querySelector("main#main")) show(page, answer.url);
      else if (answer.redirected) location.assign(answer.url);
      else shout(element.dataset.unsure);
    } catch (problem) {
      if (problem.name !== "AbortError") shout(element.dataset.failed);
    } finally {
      isBusy = false;
      element.removeAttribute("aria-busy");
    }
  }

  async function renew(page) {
    const done = told;
    if (dialog.open) dialog.close();
    for (const id of PARTS) {
      const [target, fresh] = [document.getElementById(id), page.getElementById(id)];
      if (!target || !fresh) continue;
      const swap = id === "board-poll" ? "innerHTML" : "innerMorph";
      await htmx.swap({ target, text: fresh.innerHTML, swap, sourceElement: target });
    }
    const toasts = document.getElementById("toasts");
    const fresh = [...page.querySelectorAll("#toasts > *")];
    toasts?.append(...fresh.map((one) => document.importNode(one, true)));
    if (fresh.length) htmx.process(toasts);
    if (done) say(done);
  }

  function show(page, url) {
    const sheet = document.createElement("div");
    sheet.className = "board-sheet";
    const close = document.getElementById("board-close").content.cloneNode(true);
    sheet.append(
      close,
      ...[...page.getElementById("main").childNodes].map((one) => document.importNode(one, true)),
    );
    for (const form of sheet.querySelectorAll('form[method="post"]:not([action])')) form.action = url;
    dialog.replaceChildren(sheet);
    if (!dialog.open) dialog.showModal();
    htmx.process(sheet);
    const title = sheet.querySelector("h1");
    if (title) title.tabIndex = -1;
    const asks = sheet.querySelector("input:not([type=hidden]), select, textarea");
    const first = sheet.querySelector(".summary") ??
      (asks ? title : sheet.querySelector(".btn.primary, .btn.danger"));
    (first ?? title)?.focus();
  }

  function shout(text) {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.dataset.behaviour = "toast";
    toast.append(Object.assign(document.createElement("p"), { textContent: text }));
    document.getElementById("toasts")?.append(toast);
  }

  // ---------------------------------------------------------------- the dialog

  dialog.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    send(form.action, new FormData(form, event.submitter));
  }, { signal });
  dialog.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (event.target === dialog) return dialog.close();
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || link.hash) return;
    const { pathname } = new URL(link.href, location.href);
    if (pathname === "/dispatch") {
      event.preventDefault();
      dialog.close();
    } else if (pathname.startsWith("/dispatch/")) {
      event.preventDefault();
      send(link.href);
    }
  }, { signal });
  dialog.addEventListener("close", () => {
    told = undefined;
    dialog.replaceChildren();
  }, { signal });

  // ---------------------------------------------------------------- dragging

  function begin(event, thing, kind) {
    const data = { ...thing.dataset }; // as it is now: what others change meanwhile is told apart by it
    held = {
      thing,
      kind,
      data,
      x: event.clientX,
      y: event.clientY,
      pointer: event.pointerId,
      isMoving: false,
    };
    if (kind === "bar") {
      const row = thing.closest("tr");
      const shape = thing.querySelector("svg");
      held.row = row;
      held.left = (parseFloat(shape.getAttribute("x")) / 100) * days();
      held.wide = (parseFloat(shape.getAttribute("width")) / 100) * days();
      held.name = thing.querySelector(".n").textContent;
    } else {
      held.name = data.name;
    }
  }

  function move(event) {
    if (!held || event.pointerId !== held.pointer) return;
    if (!held.isMoving) {
      if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < FAR_PX) return;
      held.isMoving = true;
      held.thing.classList.add("taken");
      held.ghost = Object.assign(document.createElement("div"), { className: "board-ghost" });
      document.body.append(held.ghost);
    }
    event.preventDefault();
    aim(event.clientX, event.clientY, event.shiftKey);
    if (event.clientY < EDGE_PX) scrollBy(0, -12);
    else if (event.clientY > innerHeight - EDGE_PX) scrollBy(0, 12);
  }

  function aim(x, y, isFine) {
    const row = rowAt(y);
    held.ghost.style.setProperty("left", `${x + 14}px`);
    held.ghost.style.setProperty("top", `${y + 14}px`);
    for (const each of rows()) each.classList.toggle("aimed", each === row);
    held.aimed?.remove();
    held.target = undefined;
    if (!row) {
      held.ghost.textContent = held.name;
      return;
    }
    const picture = pictureOf(row);
    const { left, width } = picture.getBoundingClientRect();
    const column = width / days();
    if (held.kind === "bar") aimBar(row, (x - held.x) / column, isFine);
    else if (held.kind === "visit") held.target = { row, left: 0, wide: days() };
    else aimWork(row, (x - left) / column);
    if (!held.target) return;
    held.aimed = document.createElementNS(SVG, "rect");
    for (
      const [name, value] of Object.entries({
        class: "aim",
        x: `${(held.target.left / days()) * 100}%`,
        width: `${(held.target.wide / days()) * 100}%`,
        y: 4,
        height: picture.getAttribute("height") - 8,
        rx: 6,
      })
    ) held.aimed.setAttribute(name, value);
    picture.append(held.aimed);
    held.ghost.textContent = `${held.name} · ${row.dataset.name}${
      held.target.words ? ` · ${held.target.words}` : ""
    }`;
  }

  function aimBar(row, shift, isFine) {
    const target = { row, halves: 0, minutes: 0, wide: held.wide };
    if (isFine) {
      const from = minutesAt(held.left);
      target.minutes = Math.round((minutesAt(held.left + shift) - from) / STEP) * STEP;
      target.left = shareAt(from + target.minutes);
    } else {
      target.halves = Math.round(shift * 2);
      target.left = held.left + target.halves / 2;
    }
    target.words = shiftWords(target);
    held.target = target;
  }

  function aimWork(row, share) {
    if (share < 0 || share >= days()) return;
    const day = Math.floor(share);
    const half = share - day < 0.5 ? 0 : 1;
    held.target = { row, day: dayName(day), half, left: day + half / 2, wide: 0.5, words: dayName(day) };
  }

  function shiftWords({ halves, minutes }) {
    const sign = halves + minutes < 0 ? "−" : "+";
    if (minutes) {
      const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
      return `${sign}${hours}:${String(rest).padStart(2, "0")}`;
    }
    return halves ? `${sign}${Math.abs(halves) / 2} d` : "";
  }

  function letGo() {
    if (!held) return;
    held.thing.classList.remove("taken");
    held.ghost?.remove();
    held.aimed?.remove();
    for (const row of rows()) row.classList.remove("aimed");
    held = undefined;
  }

  function drop() {
    const { kind, data, row, target, isMoving } = held;
    letGo();
    if (!isMoving) return;
    swallowClick();
    if (!target) return;
    const on = target.row.dataset.user;
    if (kind === "work") {
      send(
        address(`/dispatch/work-orders/${data.work}/drop`),
        fields({ day: target.day, half: target.half, on }),
      );
    } else if (kind === "visit") {
      send(address(`/dispatch/visits/${data.visit}/drop`), fields({ version: data.version, was: "", on }));
    } else if (target.row !== row || target.halves || target.minutes) {
      shift(data, row, { halves: target.halves, minutes: target.minutes, on });
    }
  }

  function shift(data, row, { halves = 0, minutes = 0, on = row.dataset.user }) {
    const people = on === row.dataset.user ? {} : { off: row.dataset.user, on };
    const values = { halves, minutes, version: data.version, was: data.was, ...people };
    return send(address(`/dispatch/visits/${data.visit}/drop`), fields(values));
  }

  // the click that a browser makes of letting go is none
  function swallowClick() {
    const swallow = (event) => {
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
  }

  document.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !isWide() || isBusy || dialog.open || !token()) return;
    const bar = event.target.closest?.("#board .bar[data-visit]");
    const card = event.target.closest?.("#board-tray .tray-card:is([data-work], [data-visit])");
    if (bar) begin(event, bar, "bar");
    else if (card) begin(event, card, card.dataset.work ? "work" : "visit");
  }, { signal });
  document.addEventListener("pointermove", move, { signal });
  document.addEventListener("pointerup", () => held && drop(), { signal });
  document.addEventListener("pointercancel", letGo, { signal });
  document.addEventListener("dragstart", (event) => held && event.preventDefault(), { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && held) {
      event.preventDefault();
      letGo();
    }
  }, { signal });

  // ---------------------------------------------------------------- choosing, and keys

  element.addEventListener("click", (event) => open(event, ".bar"), { signal });
  document.getElementById("board-tray")?.addEventListener("click", (event) => open(event, ".cover"), {
    signal,
  });

  function open(event, wanted) {
    const link = event.target.closest(wanted);
    if (!link || !isWide() || !token() || event.ctrlKey || event.metaKey || event.shiftKey || event.button) {
      return;
    }
    event.preventDefault();
    send(link.href?.baseVal ?? link.href);
  }

  element.addEventListener("keydown", (event) => {
    const bar = event.target.closest?.(".bar");
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!bar || !step || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (event.altKey) push(bar, ...step);
    else neighbour(bar, ...step)?.focus();
  }, { signal });

  async function push(bar, across, down) {
    if (!bar.dataset.visit || isBusy) return;
    const [row, all] = [bar.closest("tr"), rows()];
    const next = all[all.indexOf(row) + down];
    if (down && !next) return say(element.dataset.nobody);
    const how = across < 0
      ? element.dataset.earlier
      : across > 0
      ? element.dataset.later
      : element.dataset.to;
    const on = next?.dataset.user ?? row.dataset.user;
    const words = how.replace("#", next?.dataset.name ?? "");
    const { visit } = bar.dataset;
    const name = bar.querySelector(".n").textContent;
    told = element.dataset.moved.replace("#", name).replace("$", words);
    await shift({ ...bar.dataset }, row, { halves: across, on });
    if (dialog.open) return;
    told = undefined;
    document.getElementById(`b${visit}-${on}`)?.focus();
  }

  function neighbour(bar, across, down) {
    const all = rows();
    const row = bar.closest("tr");
    const bars = (of) => [...of.querySelectorAll(".bar")];
    if (across) return bars(row)[bars(row).indexOf(bar) + across];
    const middle = (one) => {
      const { left, right } = one.getBoundingClientRect();
      return (left + right) / 2;
    };
    for (let at = all.indexOf(row) + down; at >= 0 && at < all.length; at += down) {
      const found = bars(all[at]);
      const far = (one) => Math.abs(middle(one) - middle(bar));
      if (found.length) return found.reduce((best, one) => (far(one) < far(best) ? one : best));
    }
    return undefined;
  }

  // what a bar says is shown to those who point at it, too
  element.addEventListener("pointerover", (event) => {
    const bar = event.target.closest?.(".bar[aria-label]");
    if (!bar || bar.querySelector("title")) return;
    const title = document.createElementNS(SVG, "title");
    title.textContent = bar.getAttribute("aria-label");
    bar.prepend(title);
  }, { signal });

  // a poll waits until nothing is dragged and nothing is being sent
  document.addEventListener("htmx:before:request", (event) => {
    if ((held || isBusy) && event.target.closest?.("#board-poll")) event.preventDefault();
  }, { signal });
}
