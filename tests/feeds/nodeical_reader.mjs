// Reads a calendar from standard input with node-ical and prints what it sees as JSON.
import ical from "npm:node-ical@0.26.1";

const text = await new Response(Deno.stdin.readable).text();
const two = (number) => String(number).padStart(2, "0");
const day = (time) => `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
const iso = (time) => time.dateOnly ? day(time) : time.toISOString().replace(".000Z", "Z");
const words = (value) => typeof value === "string" ? value : value.val;

console.log(JSON.stringify({
  entries: Object.values(ical.sync.parseICS(text)).filter((component) => component.type === "VEVENT").map(
    ({ uid, start, end, summary }) => ({ uid, start: iso(start), end: iso(end), title: words(summary) }),
  ),
}));
