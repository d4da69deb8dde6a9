// A field to sign in with a finger or a pen; what is drawn goes along as strokes in thousandths of its width.

import SignaturePad from "signature_pad";

export default function signature(place, { signal }) {
  const canvas = place.querySelector("canvas");
  const form = place.closest("form");
  const strokes = form.elements.strokes;
  place.hidden = false;
  const pad = new SignaturePad(canvas, { penColor: "black", minWidth: 0.8, maxWidth: 2.4 });

  const note = () => {
    const width = canvas.clientWidth || 1;
    const whole = (number) => Math.round(number / width * 10_000) / 10;
    strokes.value = pad.isEmpty()
      ? ""
      : JSON.stringify(pad.toData().map((stroke) => stroke.points.map(({ x, y }) => [whole(x), whole(y)])));
    canvas.toggleAttribute("data-drawn-on", !pad.isEmpty());
  };
  const clear = () => {
    pad.clear();
    note();
  };
  // A canvas has the pixels of its screen; turning the phone keeps what is drawn.
  const fit = () => {
    if (!canvas.clientWidth) return;
    const drawn = pad.toData();
    const before = canvas.dataset.width ?? canvas.clientWidth;
    const ratio = Math.max(devicePixelRatio || 1, 1);
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    canvas.getContext("2d").scale(ratio, ratio);
    const scale = canvas.clientWidth / before;
    for (const stroke of drawn) for (const point of stroke.points) (point.x *= scale, point.y *= scale);
    canvas.dataset.width = canvas.clientWidth;
    pad.fromData(drawn);
    note();
  };
  const watcher = new ResizeObserver(fit);
  watcher.observe(canvas);
  signal.addEventListener("abort", () => (watcher.disconnect(), pad.off()));
  pad.addEventListener("endStroke", note);
  form.addEventListener("kept", clear, { signal });
  place.querySelector("[data-clear]").addEventListener("click", clear, { signal });
}
