// Says while a reading is typed whether it lies in its range. The server judges; this only warns.

import { element } from "../day/drawing.js";
import { say } from "../day/words.js";

export default function range(input, { signal }) {
  const { minimum, maximum, unit, range } = input.dataset;
  const place = document.getElementById(input.getAttribute("aria-describedby").split(" ").at(-1));
  const check = () => {
    const typed = numberOf(input.value, unit);
    const [tone, text] = !input.value.trim()
      ? ["", ""]
      : typed === "other unit"
      ? ["idle", say("other-unit")]
      : Number.isNaN(typed)
      ? ["warn", say("no-number")]
      : isOutside(typed, minimum, maximum)
      ? ["warn", say("out-of-range", { range })]
      : range
      ? ["ok", say("in-range")]
      : ["", ""];
    if (place.textContent !== text) place.replaceChildren(...(text ? [element("span", tone, text)] : []));
  };
  input.addEventListener("input", check, { signal });
  input.form.addEventListener("reset", () => queueMicrotask(check), { signal });
}

const isOutside = (value, minimum, maximum) =>
  minimum !== "" && value < Number(minimum) || maximum !== "" && value > Number(maximum);

/** A number as people write it: "21,5", "1 234.5", "1.234,5", "−3", with or without the unit it should have. */
export function numberOf(text, unit = "") {
  let rest = text.trim().replace(/[−–]/g, "-").replace(/[\s\u00a0\u202f'’]/g, "");
  const own = unit.replace(/\s/g, "");
  if (own && rest.endsWith(own)) rest = rest.slice(0, -own.length);
  else if (/^[-+]?[\d.,]+[^\d.,eE]/.test(rest)) return "other unit";
  const marks = rest.replace(/[^.,]/g, "");
  const last = Math.max(rest.lastIndexOf("."), rest.lastIndexOf(","));
  if (new Set(marks).size === 2) {
    const thousands = rest[last] === "," ? "." : ",";
    rest = rest.replaceAll(thousands, "");
  } else if (marks.length > 1) rest = rest.replaceAll(marks[0], "");
  rest = rest.replace(",", ".");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(rest) ? Number(rest) : NaN;
}
