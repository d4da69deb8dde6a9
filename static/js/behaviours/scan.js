// Reads a bar code or QR code from a picture into a field, where the browser can do that.

import { say } from "../day/words.js";

export default function scan(label, { signal }) {
  if (!("BarcodeDetector" in globalThis)) return;
  const input = label.querySelector("input");
  const field = document.getElementById(input.dataset.into);
  const place = label.closest(".step").querySelector("[data-problem]");
  label.hidden = false;
  input.addEventListener("change", async () => {
    const [picture] = input.files;
    if (!picture) return;
    input.value = "";
    const found = await new globalThis.BarcodeDetector().detect(await createImageBitmap(picture)).catch(
      () => [],
    );
    place.hidden = found.length > 0;
    place.textContent = found.length ? "" : say("no-code");
    if (!found.length) return;
    field.value = found[0].rawValue;
    field.focus();
  }, { signal });
}
