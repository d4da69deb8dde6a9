// Find or do: arrows, Home and End choose among what was found, Enter opens it, with Ctrl in a new tab; the answers come by htmx.
// How many there are is said to those who do not see them.

export default function palette(dialog, { signal }) {
  const input = dialog.querySelector("input[type=search]");
  const list = dialog.querySelector("[role=listbox]");
  const told = dialog.querySelector("[role=status]");
  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector('[aria-selected="true"]');

  function choose(option) {
    if (chosen() === option) return;
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  function tell() {
    const count = options().length;
    input.setAttribute("aria-expanded", String(count > 0));
    const words = count
      ? (count === 1 ? told.dataset.one : told.dataset.many.replace("#", count))
      : told.dataset.none;
    if (told.textContent !== words) told.textContent = words;
    told.classList.toggle("vh", count > 0);
  }

  function open(option, isBeside) {
    const { url } = option.dataset;
    if (!url) return;
    if (isBeside) globalThis.open(url, "_blank", "noopener");
    else location.assign(url);
    if (isBeside || new URL(url, location.href).pathname === location.pathname) dialog.close();
  }

  function step(key) {
    const all = options();
    const at = all.indexOf(chosen());
    const next = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[key];
    choose(all[next]);
  }

  dialog.addEventListener("toggle", () => {
    if (!dialog.open) return;
    input.select();
    input.dispatchEvent(new CustomEvent("refresh", { bubbles: true }));
  }, { signal });
  input.addEventListener("keydown", (event) => {
    const isEdge = (event.key === "Home" || event.key === "End") && !input.value;
    if (event.key === "ArrowDown" || event.key === "ArrowUp" || isEdge) {
      event.preventDefault();
      if (options().length) step(event.key);
    } else if (event.key === "Enter" && chosen()) {
      event.preventDefault();
      open(chosen(), event.ctrlKey || event.metaKey);
    } else if (event.key === "Escape") {
      event.preventDefault();
      dialog.close();
    }
  }, { signal });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) open(option, event.ctrlKey || event.metaKey);
  }, { signal });
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) dialog.close();
  }, { signal });
  // htmx writes attributes of options anew after it has put them in, so both are watched
  const watcher = new MutationObserver(() => {
    tell();
    if (!chosen()) choose(options()[0]);
  });
  watcher.observe(list, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["aria-selected"],
  });
  signal.addEventListener("abort", () => watcher.disconnect());
}
