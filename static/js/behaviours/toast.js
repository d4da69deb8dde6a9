// Takes a toast away after eight seconds, or at once by its button; waits while it is hovered or holds the focus.

const SHOWN_MS = 8000;

export default function toast(element, { signal }) {
  let timer;
  const leave = () => {
    element.classList.add("leaving");
    setTimeout(() => element.remove(), 150);
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(leave, SHOWN_MS);
  };
  const pause = () => clearTimeout(timer);
  element.addEventListener("pointerenter", pause, { signal });
  element.addEventListener("pointerleave", wait, { signal });
  element.addEventListener("focusin", pause, { signal });
  element.addEventListener("focusout", wait, { signal });
  element.querySelector("[data-close]")?.addEventListener("click", leave, { signal });
  signal.addEventListener("abort", pause);
  wait();
}
