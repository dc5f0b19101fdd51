// What the page does when.
import { listen, setToken } from "./connection.js";
import * as detail from "./detail.js";
import { byId } from "./dom.js";
import * as filter from "./filter.js";
import { rows } from "./rows.js";
import { save } from "./save.js";
import * as table from "./table.js";

let connection = "";
let run = null;
// Rows that wait while the page is paused.
let waiting = null;

function say() {
  const shown = rows.shown.length.toLocaleString("en");
  const total = rows.total.toLocaleString("en");
  const held = waiting?.length ? `, ${waiting.length.toLocaleString("en")} wait` : "";
  byId("state").textContent = `${connection} · ${shown === total ? total : `${shown} of ${total}`}${held}`;
}

function add(more) {
  table.moved(rows.add(more));
  table.draw();
}

const connect = () => listen({
  hello(hello) {
    // Another run of the collector has other numbers.
    if (run !== null && run !== hello.run) {
      rows.clear();
      detail.close();
    }
    run = hello.run;
    rows.limit(hello.keep);
  },
  rows(more) {
    if (waiting === null) add(more);
    else waiting = [...waiting, ...more].slice(-rows.most);
    say();
  },
  state(text) {
    connection = text;
    say();
  },
  unauthorized(isWrong) {
    byId("state").textContent = isWrong ? "Another token is needed" : "A token is needed";
    byId("ask").hidden = false;
    byId("token").focus();
  },
});

byId("ask").addEventListener("submit", submitted => {
  submitted.preventDefault();
  setToken(byId("token").value);
  byId("token").value = "";
  byId("ask").hidden = true;
  connect();
});

filter.onChange(() => {
  rows.refilter();
  table.draw();
  say();
});

byId("pause").addEventListener("click", () => {
  const held = waiting;
  waiting = held === null ? [] : null;
  byId("pause").setAttribute("aria-pressed", String(waiting !== null));
  byId("pause").textContent = waiting === null ? "Pause" : "Go on";
  if (held !== null) add(held);
  say();
});

byId("clear").addEventListener("click", () => {
  rows.clear();
  detail.close();
  table.draw();
  say();
});

byId("save").addEventListener("click", () => save(byId("save"), rows.shown.map(row => row.n)));

table.onOpen(detail.open);

document.addEventListener("keydown", pressed => {
  const types = pressed.target.matches("input, select");
  if (pressed.key === "Escape" && detail.isOpen()) detail.close();
  else if (pressed.key === "Escape" && types) byId("table").focus();
  else if (pressed.key === "/" && !types) byId("text").focus();
  else return;
  pressed.preventDefault();
});

connect();
