// Find or do: arrows choose among what was found, Enter opens it; the answers themselves come by htmx.

export default function palette(dialog, { signal }) {
  const input = dialog.querySelector("input[type=search]");
  const list = dialog.querySelector("[role=listbox]");
  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector('[aria-selected="true"]');

  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  dialog.addEventListener("toggle", () => {
    if (!dialog.open) return;
    input.select();
    input.dispatchEvent(new CustomEvent("refresh", { bubbles: true }));
  }, { signal });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const all = options();
      choose(all[(all.indexOf(chosen()) + step + all.length) % all.length]);
    } else if (event.key === "Enter" && chosen()) {
      event.preventDefault();
      chosen().click();
    } else if (event.key === "Escape") {
      event.preventDefault();
      dialog.close();
    }
  }, { signal });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option?.dataset.url) location.assign(option.dataset.url);
  }, { signal });
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) dialog.close();
  }, { signal });
  // htmx writes attributes of options anew after it has put them in, so both are watched
  const watcher = new MutationObserver(() => chosen() || choose(options()[0]));
  watcher.observe(list, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["aria-selected"],
  });
  signal.addEventListener("abort", () => watcher.disconnect());
}
