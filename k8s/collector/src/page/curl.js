// A request as a command. It is made of what strangers sent, and pasted into a shell: everything is quoted, and what could
// steer a terminal is left out, or goes as base64.
import { bytes, utf8 } from "./body.js";

const quote = text => `'${text.replaceAll("'", "'\\''")}'`;
const isPlain = text => !/[\u0000-\u001f\u007f-\u009f]/.test(text);
const isName = text => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);

// What curl says itself.
const OWN = new Set(["host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "http2-settings"]);

export function curl(exchange) {
  const { request } = exchange;
  const method = isName(exchange.method) ? exchange.method : "GET";
  const parts = ["curl", "--globoff", "--path-as-is"];
  if (method === "HEAD") parts.push("--head");
  else parts.push("--request", quote(method));
  parts.push(quote(exchange.url));
  for (const [name, value] of request.headers) {
    if (OWN.has(name.toLowerCase()) || !isName(name) || !isPlain(value)) continue;
    // With a colon, curl would take the header out.
    parts.push("--header", quote(value === "" ? `${name};` : `${name}: ${value}`));
  }
  if (request.body === "") return parts.join(" ");
  const text = utf8(bytes(request.body));
  if (text !== null && isPlain(text.replace(/[\n\t]/g, ""))) return [...parts, "--data-raw", quote(text)].join(" ");
  return `echo ${request.body} | base64 --decode | ${parts.join(" ")} --data-binary @-`;
}
