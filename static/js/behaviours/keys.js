// The keys of every page: Ctrl K or / finds, J and K move between lines, ? lists the keys, G and a letter go, C makes new.
// Single keys rest while something is typed or a dialog is open, and can be switched off (data-single-keys="off").

const IN_FIELDS = "input, textarea, select, [contenteditable]";

export default function keys(body, { signal }) {
  let isGoing = false;
  let timer;

  function show(id) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  }

  function move(step) {
    const links = [...document.querySelectorAll("main .cover")].filter((link) => link.checkVisibility());
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
    links[Math.max(0, Math.min(links.length - 1, next))].focus();
  }

  function press(key) {
    const thing = document.querySelector(`[data-key="${key}"]`);
    thing?.click();
    return Boolean(thing);
  }

  function go(key) {
    const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (link) location.assign(link.href);
  }

  function single(key) {
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
      case "g":
        isGoing = true;
        clearTimeout(timer);
        timer = setTimeout(() => (isGoing = false), 1500);
        return true;
      default:
        return /^[a-z]$/.test(key) && press(key);
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
    if (single(event.key.toLowerCase())) event.preventDefault();
  }, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
}
