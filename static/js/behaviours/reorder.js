// Rows with data-place can be dragged to another place of their table; dropping sends the row's own form with the place.
// Without it the buttons in each row do the same, one place at a time.

export default function reorder(box, { signal }) {
  const rows = () => [...box.querySelectorAll("tr[data-place]")];
  let dragged;

  for (const row of rows()) row.draggable = true;

  function over(event) {
    const row = event.target.closest?.("tr[data-place]");
    return row && dragged && row !== dragged && box.contains(row) ? row : undefined;
  }

  function clear() {
    for (const row of rows()) row.classList.remove("over");
  }

  box.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("tr[data-place]");
    event.dataTransfer.effectAllowed = "move";
  }, { signal });
  box.addEventListener("dragover", (event) => {
    const row = over(event);
    clear();
    if (!row) return;
    event.preventDefault();
    row.classList.add("over");
  }, { signal });
  box.addEventListener("dragend", () => {
    clear();
    dragged = undefined;
  }, { signal });
  box.addEventListener("drop", (event) => {
    const row = over(event);
    clear();
    if (!row) return;
    event.preventDefault();
    const form = dragged.querySelector("form");
    const place = document.createElement("input");
    place.type = "hidden";
    place.name = "to";
    place.value = rows().filter((one) => one !== dragged).indexOf(row);
    form.append(place);
    form.requestSubmit();
  }, { signal });
}
