// What the scripts of the day say, in the reader's language; the page brings the sentences.

const tag = document.documentElement.lang || "en";
const locale = tag === "en" ? "en-GB" : tag;
const plural = new Intl.PluralRules(locale);

/** The sentence of a name, with {n}, {time} … filled in; n chooses between one and many. */
export function say(name, values = {}) {
  const found = document.getElementById("day-words")?.content.querySelector(
    `[data-word="${CSS.escape(name)}"]`,
  );
  if (!found) return "";
  const one = values.n !== undefined && plural.select(values.n) === "one" ? found.dataset.one : undefined;
  return (one ?? found.textContent).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

const written = (options) => (instant, zone) =>
  new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }).format(new Date(instant));

export const clock = written({ hour: "2-digit", minute: "2-digit" });
export const dayAndClock = written({
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** The calendar day that an instant falls on in a zone: "2026-11-22". */
export function dayOf(instant, zone) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(instant));
}

/** Wall time without offset, as the server gives it for a site: "Mon 23 Nov, 09:00". */
export const wall = (local) => dayAndClock(`${local}Z`, "UTC");
