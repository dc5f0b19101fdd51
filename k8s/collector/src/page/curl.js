// A request as a command. It is made of what strangers sent, and pasted into a shell: everything is quoted, and what could
// steer a terminal, or look other than it is, is left out, or goes as base64.
import { bytes, utf8 } from "./body.js";

const quote = text => `'${text.replaceAll("'", "'\\''")}'`;
const isPlain = text => !/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(text);
const isName = text => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);

// What curl says itself.
const OWN = new Set(["host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "http2-settings"]);
// What curl adds, unless it is told not to.
const ADDED = ["accept", "user-agent"];
// Linux takes an argument of 128 KiB, and no more.
const LONGEST = 100000;

export function curl(exchange) {
  const { request } = exchange;
  const method = isName(exchange.method) ? exchange.method : "GET";
  const parts = ["curl", "--globoff", "--path-as-is"];
  if (method === "HEAD") parts.push("--head");
  else parts.push("--request", quote(method));
  if (exchange.path === "*") parts.push("--request-target", quote("*"));
  parts.push(quote(exchange.url));
  const names = new Set();
  for (const [name, value] of request.headers) {
    const lower = name.toLowerCase();
    // The body is without the coding that the filter took away.
    if (OWN.has(lower) || lower === "content-encoding" && request.uncoded || !isName(name) || !isPlain(value)) continue;
    names.add(lower);
    // With a colon, curl would take the header out.
    parts.push("--header", quote(/^ *$/.test(value) ? `${name};` : `${name}: ${value}`));
  }
  // curl sends none with --head.
  const body = method === "HEAD" ? "" : request.body;
  for (const name of body === "" ? ADDED : [...ADDED, "content-type", "expect"]) {
    if (!names.has(name)) parts.push("--header", quote(`${name}:`));
  }
  if (body === "") return parts.join(" ");
  const text = utf8(bytes(body));
  if (text !== null && body.length < LONGEST && isPlain(text.replaceAll("\n", ""))) {
    return [...parts, "--data-raw", quote(text)].join(" ");
  }
  return `echo ${body} | base64 --decode | ${parts.join(" ")} --data-binary @-`;
}
