// Closes a dialog on a click outside it; keeps it while something typed in it would be lost.

function hasUnsaved(dialog) {
  return [...dialog.querySelectorAll("input, textarea, select")].some((field) =>
    field.type === "checkbox" || field.type === "radio"
      ? field.checked !== field.defaultChecked
      : field.tagName === "SELECT"
      ? [...field.options].some((option) =>
        option.selected !== option.defaultSelected && option.defaultSelected
      )
      : field.type !== "hidden" && field.value !== field.defaultValue
  );
}

export default function dialog(element, { signal }) {
  element.addEventListener("pointerdown", (event) => {
    if (event.target !== element) return;
    const box = element.getBoundingClientRect();
    const isInside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top &&
      event.clientY <= box.bottom;
    if (!isInside && !hasUnsaved(element)) element.close();
  }, { signal });
  element.addEventListener("cancel", (event) => {
    if (hasUnsaved(element)) event.preventDefault();
  }, { signal });
}
