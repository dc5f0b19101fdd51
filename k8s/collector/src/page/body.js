// A body: as indented JSON, as text, or in hex.
import { button, element } from "./dom.js";
import { size } from "./format.js";

// More than this much of it would make the page slow; the HAR has all of it.
const SHOWN = 512 * 1024;
const HEX_SHOWN = 16 * 1024;
// What is nested deeper would be nothing but spaces.
const DEEPEST = 200;

export function bytes(base64) {
  const text = atob(base64);
  const array = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) array[at] = text.charCodeAt(at);
  return array;
}

// The text that bytes are, or null. The end of a body that was cut may be half a character.
export function utf8(array, isCut = false) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(array, { stream: isCut });
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

// The element for one direction's body.
export function show(message) {
  const raw = bytes(message.body);
  const content = message.decoded === null ? raw : bytes(message.decoded);
  const made = element("div", "body");
  made.append(element("p", "notes", ...notes(message, raw, content)));
  if (content.length === 0) return made;
  const text = utf8(content, message.truncated);
  const views = [];
  const json = text === null ? null : indented(text);
  if (json !== null) views.push(["JSON", cut(json, SHOWN)]);
  if (text !== null) views.push(["Text", cut(text, SHOWN)]);
  views.push(["Hex", hex(content)]);
  const shown = element("pre", "", views[0][1]);
  shown.tabIndex = 0;
  const tabs = views.map(([name, view]) => button(name, pressed => {
    shown.textContent = view;
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab === pressed));
  }));
  tabs.forEach((tab, at) => tab.setAttribute("aria-pressed", String(at === 0)));
  made.append(element("div", "views", ...tabs), shown);
  return made;
}

function notes(message, raw, content) {
  const all = [];
  if (message.truncated) all.push(element("strong", "cut", `Cut: only the first ${size(raw.length)} were recorded`));
  if (message.decoded !== null) all.push(element("span", "", `Decoded: ${size(raw.length)} became ${size(content.length)}`));
  if (message.uncoded) all.push(element("span", "", "Not coded, though the headers name a coding: the filter took it away"));
  if (message.fault) all.push(element("strong", "fault", message.fault));
  if (raw.length === 0 && !message.truncated) all.push(element("span", "", message.size ? "The body was not recorded" : "No body"));
  return all;
}

function indented(text) {
  if (!/^\s*[[{]/.test(text) || text.length > SHOWN || depth(text) > DEEPEST) return null;
  try {
    return indent(text, JSON.parse(text));
  } catch {
    return null;
  }
}

// How deep it is nested; brackets in strings count too, which seldom matters.
function depth(text) {
  let [now, most] = [0, 0];
  for (const bracket of text.match(/[[\]{}]/g)) {
    now += bracket === "[" || bracket === "{" ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}

// Numbers beyond what a script can hold would change: then only spaces are added, and nothing else.
function indent(text, value) {
  const again = JSON.stringify(value, null, 2);
  const bare = json => json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
  return bare(again) === bare(text) ? again : spaced(bare(text));
}

function spaced(bare) {
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return bare.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token, at) => {
    const empty = bare[at + 1] === "}" || bare[at + 1] === "]";
    if (token === "{" || token === "[") {
      depth += 1;
      return empty ? token : token + line();
    }
    if (token === "}" || token === "]") {
      depth -= 1;
      return bare[at - 1] === "{" || bare[at - 1] === "[" ? token : line() + token;
    }
    if (token === ",") return token + line();
    return token === ":" ? ": " : token;
  });
}

const cut = (text, most) => text.length > most ? `${text.slice(0, most)}\n… the HAR has all of it` : text;

function hex(array) {
  const lines = [];
  for (let at = 0; at < Math.min(array.length, HEX_SHOWN); at += 16) {
    const row = Array.from(array.subarray(at, at + 16));
    const digits = row.map(byte => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map(byte => byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".").join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${digits.padEnd(47)}  ${text}`);
  }
  if (array.length > HEX_SHOWN) lines.push("… the HAR has all of it");
  return lines.join("\n");
}
