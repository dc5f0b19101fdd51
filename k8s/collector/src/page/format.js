// Numbers as people read them.

const two = number => String(number).padStart(2, "0");

export function time(milliseconds) {
  const at = new Date(milliseconds);
  if (Number.isNaN(at.getTime())) return "?";
  const fraction = String(at.getMilliseconds()).padStart(3, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${fraction}`;
}

// A record may have any number: also one that is no date.
export function date(milliseconds) {
  const at = new Date(milliseconds);
  return Number.isNaN(at.getTime()) ? `${milliseconds} ms after 1970` : at.toISOString();
}

export function size(bytes) {
  if (bytes === null || bytes === undefined) return "?";
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB"];
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

// A status, and its class for colours.
export const status = number => number === 0 ? "none" : String(number);
export const statusClass = number => `s${Math.floor(number / 100)}`;
