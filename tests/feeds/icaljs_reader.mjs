// Reads a calendar from standard input with ical.js and prints what it sees as JSON.
import ICAL from "npm:ical.js@2.2.1";

const text = await new Response(Deno.stdin.readable).text();
const calendar = new ICAL.Component(ICAL.parse(text));
const iso = (time) => time.isDate ? time.toString() : time.toJSDate().toISOString().replace(".000Z", "Z");

console.log(JSON.stringify({
  entries: calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    return { uid: event.uid, start: iso(event.startDate), end: iso(event.endDate), title: event.summary };
  }),
}));
