// The events of the calendars on standard input as ical.js, Thunderbird's reader, sees them: for each calendar a
// JSON array on a line. Between two calendars stands a NUL.

import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const instant = (time) => (time.isDate ? time.toString() : time.toJSDate().toISOString());

for (const text of readFileSync(0, "utf8").split("\0")) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const events = calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    return {
      uid: event.uid,
      start: instant(event.startDate),
      end: instant(event.endDate),
      summary: event.summary,
      status: component.getFirstPropertyValue("status"),
      sequence: event.sequence,
    };
  });
  console.log(JSON.stringify(events));
}
