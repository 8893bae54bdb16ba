//! Times, spans, distances and rates as people read them. Pure: no clock is read here.
//!
//! Times are shown at the offset from UTC that the centre names, wherever the browser is: a time said on the telephone must
//! be the time on the screen. The centre's time itself is kept by `centre_clock.js`.

import { word } from "./language.js";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** Milliseconds since 1970 of an RFC 3339 time; null stays null. */
export function moment(text) {
  const ms = text ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Minutes east of UTC that an RFC 3339 time names; one in UTC names none, and then this machine's are taken. */
export function offsetOf(text) {
  const found = /([+-])(\d\d):(\d\d)$/.exec(text ?? "");
  if (!found) {
    return -new Date(text).getTimezoneOffset();
  }
  const minutes = Number(found[2]) * MINUTE + Number(found[3]);
  return found[1] === "-" ? -minutes : minutes;
}

/** `20:04:31` at an offset. */
export function timeOfDay(ms, offset) {
  return ms === null ? "–" : local(ms, offset).slice(11, 19);
}

/** `2026-11-21 20:04:31` at an offset. */
export function dateAndTime(ms, offset) {
  return ms === null ? "–" : local(ms, offset).slice(0, 19).replace("T", " ");
}

/** A span as a countdown shows it: `0:23`, `12:04`, `3:05:00`, `2 d 4 h`; never negative. */
export function span(ms) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds >= DAY) {
    const [days, hours] = [Math.floor(seconds / DAY), Math.floor((seconds % DAY) / HOUR)];
    return word("span.days", { days, hours });
  }
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / HOUR), Math.floor((seconds % HOUR) / MINUTE)];
  const rest = two(seconds % MINUTE);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** What is left until a deadline, at least a second while any is left: `0:23`; with a plus once it has passed: `+1:05`. */
export function countdown(due, now) {
  const left = due - now;
  return left > 0 ? span(Math.ceil(left / 1000) * 1000) : `+${span(left)}`;
}

/** Metres or kilometres. */
export function distance(metres) {
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
}

/** A rate or a latency with as many digits as say something. */
export function measure(number) {
  if (number === null || number === undefined || !Number.isFinite(number)) {
    return "–";
  }
  const digits = number >= 100 ? 0 : number >= 10 ? 1 : 2;
  return number.toFixed(digits);
}

/** A count with its thousands apart. */
export function count(number) {
  return String(number ?? 0).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** Metres between two places of WGS-84; good enough to sort by within a county. */
export function metresBetween(one, other) {
  const north = (one.lat - other.lat) * 111_195;
  const east = (one.lon - other.lon) * 111_195 * Math.cos((one.lat * Math.PI) / 180);
  return Math.hypot(north, east);
}

function local(ms, offset) {
  return new Date(ms + offset * 60_000).toISOString();
}
