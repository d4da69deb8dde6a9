// X selects the line with the focus, Shift X all from the last one; Esc clears. Says how many are selected.

export default function selecting(form, { signal }) {
  const bar = form.querySelector(".bulk");
  if (!bar) return;
  const said = document.createElement("output");
  bar.prepend(said);
  let last;

  const boxes = () => [...form.querySelectorAll(".pick input")];

  function tell() {
    const all = form.elements.all?.checked;
    const count = boxes().filter((box) => box.checked).length;
    said.value = all ? "" : String(count || "");
    if (!all && !count) last = undefined;
  }

  function range(to) {
    const list = boxes();
    const [first, end] = [list.indexOf(last ?? to), list.indexOf(to)].sort((a, b) => a - b);
    for (const box of list.slice(first, end + 1)) box.checked = true;
  }

  form.addEventListener("change", tell, { signal });
  form.addEventListener("click", (event) => {
    if (!event.target.matches(".pick input")) return;
    if (event.shiftKey && event.target.checked) range(event.target);
    last = event.target;
    tell();
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (document.body.dataset.singleKeys === "off") return;
    const focused = event.target;
    if (focused.matches?.("input:not([type=checkbox]), textarea, select")) return;
    if (event.key === "Escape") {
      for (const box of form.querySelectorAll(":checked")) box.checked = false;
      tell();
      return;
    }
    if (event.key.toLowerCase() !== "x") return;
    const box = focused.closest?.("tr")?.querySelector(".pick input");
    if (!box || !form.contains(box)) return;
    event.preventDefault();
    if (event.shiftKey) range(box);
    else box.checked = !box.checked;
    last = box;
    tell();
  }, { signal });
  tell();
}
