// Which rows are shown.
import { byId, element } from "./dom.js";

const fields = [byId("text"), byId("status"), byId("method")];
const methods = new Set();

// Calls `changed` whenever another filter is chosen.
export function onChange(changed) {
  for (const field of fields) field.addEventListener("input", changed);
  byId("filter").addEventListener("submit", submitted => submitted.preventDefault());
}

// A function that tells whether a row is shown. Every word of the text must be somewhere in the row.
export function current() {
  const [text, status, method] = fields.map(field => field.value);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return row =>
    (status === "" || Math.floor(row.status / 100) === Number(status)) &&
    (method === "" || row.method === method) &&
    words.every(word => haystack(row).includes(word));
}

// A choice for each method there was, but not for whatever somebody makes up.
export function learn(row) {
  if (methods.has(row.method) || methods.size >= 20 || !/^[A-Z]{1,20}$/.test(row.method)) return;
  methods.add(row.method);
  const option = element("option", "", row.method);
  option.value = row.method;
  byId("method").append(option);
}

const haystack = row => row.haystack ??=
  [row.method, `${row.scheme}://${row.host}${row.path}`, row.status, row.source, row.destination, row.namespace, row.id]
    .join(" ").toLowerCase();
