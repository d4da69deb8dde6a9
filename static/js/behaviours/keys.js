// The keys of every page: Ctrl K or / finds, J and K move between lines, E, S and A act on the line, X selects, ? lists the keys,
// G and a letter go, C makes new, Esc clears what is selected. Single keys rest while something is typed or a dialog is open, and
// can be switched off (data-single-keys="off").

const IN_FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const LINE = "tr, li, .row, .chk";
const LINKS = "main .cover, main .hit";

export default function keys(body, { signal }) {
  let isGoing = false;
  let timer;
  let last;

  function show(id) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  }

  const links = () => [...document.querySelectorAll(LINKS)].filter((link) => link.checkVisibility());
  const line = () => document.activeElement?.closest(LINE);

  function move(step) {
    const all = links();
    if (!all.length) return;
    const inside = line()?.querySelector(".cover, .hit");
    const at = all.indexOf(all.includes(document.activeElement) ? document.activeElement : inside);
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
    all[Math.max(0, Math.min(all.length - 1, next))].focus();
  }

  // what stands in the line that has the focus goes before what stands on the page
  function press(key) {
    const wanted = `[data-key="${key}"]`;
    const thing = line()?.querySelector(wanted) ??
      [...document.querySelectorAll(wanted)].find((one) => !one.closest(LINE));
    thing?.click();
    return Boolean(thing);
  }

  function go(key) {
    const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (link) location.assign(link.href);
  }

  const boxes = () => [...document.querySelectorAll('main [name="project"][type=checkbox]')];

  function choose(box, isOn) {
    if (box.checked === isOn) return;
    box.checked = isOn;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function select(isRange) {
    const box = line()?.querySelector('[name="project"][type=checkbox]');
    if (!box) return false;
    const all = boxes();
    if (isRange && last?.isConnected) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const one of all.slice(from, to + 1)) choose(one, true);
    } else {
      choose(box, !box.checked);
    }
    last = box;
    return true;
  }

  function clear() {
    const chosen = boxes().filter((box) => box.checked);
    for (const box of chosen) choose(box, false);
    return chosen.length > 0;
  }

  function single(key, isShifted) {
    if (isGoing) {
      isGoing = false;
      go(key);
      return true;
    }
    switch (key) {
      case "/":
        show("palette");
        return true;
      case "?":
        show("keys");
        return true;
      case "j":
        move(1);
        return true;
      case "k":
        move(-1);
        return true;
      case "x":
        return select(isShifted);
      case "escape":
        return clear();
      case "g":
        isGoing = true;
        clearTimeout(timer);
        timer = setTimeout(() => (isGoing = false), 1500);
        return true;
      default:
        return /^[a-z]$/.test(key) && !isShifted && press(key);
    }
  }

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      show("palette");
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (
      body.dataset.singleKeys === "off" || event.target.closest?.(IN_FIELDS) ||
      document.querySelector("dialog[open]")
    ) return;
    if (single(event.key.toLowerCase(), event.shiftKey)) event.preventDefault();
  }, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
}
