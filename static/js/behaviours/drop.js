// Lets files be dropped on a file field and says which ones were chosen.

export default function drop(place, { signal }) {
  const input = place.querySelector("input[type=file]");
  const output = place.querySelector("output");
  const hover = (isOver) => (event) => {
    event.preventDefault();
    place.classList.toggle("over", isOver);
  };
  place.addEventListener("dragover", hover(true), { signal });
  place.addEventListener("dragleave", hover(false), { signal });
  place.addEventListener("drop", (event) => {
    hover(false)(event);
    if (!event.dataTransfer?.files.length) return;
    const chosen = new DataTransfer();
    for (const file of event.dataTransfer.files) {
      if (input.multiple || chosen.items.length === 0) chosen.items.add(file);
    }
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, { signal });
  input.addEventListener("change", () => {
    if (output) {
      output.textContent = [...input.files].map((file) => `${file.name}, ${size(file.size)}`).join(" · ");
    }
  }, { signal });
}

function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  const step = Math.min(units.length - 1, bytes ? Math.floor(Math.log10(bytes) / 3) : 0);
  return `${
    (bytes / 1000 ** step).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })
  } ${units[step]}`;
}
