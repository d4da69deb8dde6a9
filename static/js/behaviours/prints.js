// A button that prints the page; without scripts it is not there, and the browser's own menu does it.

export default function prints(button, { signal }) {
  button.hidden = false;
  button.addEventListener("click", () => globalThis.print(), { signal });
}
