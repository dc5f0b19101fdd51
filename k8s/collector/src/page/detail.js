// One exchange with all that is known of it.
import * as body from "./body.js";
import { ask } from "./connection.js";
import { curl } from "./curl.js";
import { button, byId, element, say } from "./dom.js";
import * as format from "./format.js";
import { save } from "./save.js";

const box = byId("detail");
let asked = 0;

export async function open(number) {
  const mine = asked += 1;
  let parts;
  try {
    const answer = await ask(`/api/exchanges/${number}`);
    parts = answer.ok ? exchange(number, await answer.json()) : [top(), element("p", "fault", await answer.text())];
  } catch (error) {
    parts = [top(), element("p", "fault", `It cannot be read: ${error.message}`)];
  }
  // Another one may have been opened meanwhile, or this one closed.
  if (mine !== asked) return;
  box.replaceChildren(...parts);
  box.scrollTop = 0;
  box.dataset.number = number;
  box.hidden = false;
  document.body.classList.add("open");
}

export function close() {
  asked += 1;
  if (box.hidden) return;
  box.hidden = true;
  delete box.dataset.number;
  document.body.classList.remove("open");
  byId("table").focus();
}

export const isOpen = () => !box.hidden;

function top(...actions) {
  const closes = button("Close", close);
  closes.id = "close";
  return element("div", "actions", ...actions, closes);
}

function exchange(number, all) {
  const copied = all.request.truncated ? "Copied, with the cut body" : "Copied";
  const copies = button("Copy as curl", pressed => copy(pressed, curl(all), copied));
  copies.id = "curl";
  const saves = button("Save as HAR", pressed => save(pressed, [number]));
  const status = element("span", `status ${format.statusClass(all.status)}`, format.status(all.status));
  return [
    top(copies, saves),
    element("h2", "", `${all.method} ${all.path} `, status),
    list([
      ["URL", all.url],
      ["Time", format.date(all.start)],
      ["Duration", `${Math.max(0, all.end - all.start)} ms`],
      ["Source", all.source],
      ["Destination", all.destination],
      ["Namespace", all.namespace],
      ["Request id", all.id],
    ]),
    ...message("Request", all.request),
    ...message("Response", all.response),
  ];
}

async function copy(on, text, copied) {
  try {
    await navigator.clipboard.writeText(text);
    say(on, copied);
  } catch {
    // Not everywhere may a page write there: then it is shown, to be copied by hand.
    document.querySelector("#detail .command")?.remove();
    on.parentElement.after(element("pre", "command", text));
    say(on, "Copy it below");
  }
}

function message(title, part) {
  const trailers = part.trailers.length === 0 ? [] : [element("h4", "", "Trailers"), list(part.trailers)];
  const size = part.size === null ? "" : format.size(part.size);
  return [
    element("h3", "", title, " ", element("small", "", [part.version, size].filter(Boolean).join(" · "))),
    list(part.headers),
    body.show(part),
    ...trailers,
  ];
}

function list(pairs) {
  const shown = pairs.filter(([, value]) => value !== "");
  return element("dl", "", ...shown.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
}
