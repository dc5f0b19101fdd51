// The table: only the rows that can be seen are in the page, however many there are.
import { byId, element } from "./dom.js";
import * as format from "./format.js";
import { rows } from "./rows.js";

const box = byId("table");
const space = byId("space");
const CELLS = ["time", "method", "status", "host", "path", "duration", "sizes", "source", "destination", "namespace"];
// Elements that are used again for other rows.
const pool = [];
let chosen = null;
let follows = true;
let planned = false;
let opened = () => {};

export const onOpen = action => { opened = action; };

// Draws before the next frame, once.
export function draw() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(now);
}

// Rows went away at the top: what is seen stays where it is.
export function moved(gone) {
  if (gone > 0 && !follows) box.scrollTop -= gone * height();
}

const height = () => parseFloat(getComputedStyle(box).getPropertyValue("--row"));

function now() {
  planned = false;
  const high = height();
  const count = rows.shown.length;
  space.style.height = `${count * high}px`;
  byId("empty").hidden = rows.total > 0;
  if (follows) box.scrollTop = box.scrollHeight;
  const first = Math.max(0, Math.floor(box.scrollTop / high) - 5);
  const last = Math.min(count, Math.ceil((box.scrollTop + box.clientHeight) / high) + 5);
  for (let at = pool.length; at < last - first; at += 1) pool.push(make());
  pool.forEach((made, at) => {
    const row = rows.shown[first + at];
    made.hidden = first + at >= last;
    if (!made.hidden) fill(made, row, (first + at) * high);
  });
  box.setAttribute("aria-activedescendant", chosen !== null && rows.indexOf(chosen) >= 0 ? `row-${chosen}` : "");
}

function make() {
  const made = element("div", "row", ...CELLS.map(name => element("span", name)));
  made.setAttribute("role", "option");
  space.append(made);
  return made;
}

function fill(made, row, top) {
  made.style.transform = `translateY(${top}px)`;
  made.setAttribute("aria-selected", String(row.n === chosen));
  if (made.row === row) return;
  made.row = row;
  made.id = `row-${row.n}`;
  const texts = [
    format.time(row.t), row.method, format.status(row.status), row.host, row.path, String(row.d),
    `${format.size(row.q)} / ${format.size(row.r)}`, row.source, row.destination, row.namespace,
  ];
  texts.forEach((text, at) => { made.children[at].textContent = text; });
  made.children[2].className = `status ${format.statusClass(row.status)}`;
  made.children[4].title = row.path;
}

// Chooses a row and brings it into view.
export function choose(at) {
  const row = rows.shown[Math.max(0, Math.min(at, rows.shown.length - 1))];
  if (!row) return;
  chosen = row.n;
  const top = rows.indexOf(chosen) * height();
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + height() > box.scrollTop + box.clientHeight) box.scrollTop = top + height() - box.clientHeight;
  follows = atEnd();
  draw();
}

export const open = () => { if (chosen !== null) opened(chosen); };

const atEnd = () => box.scrollTop + box.clientHeight >= box.scrollHeight - 2;

box.addEventListener("scroll", () => {
  follows = atEnd();
  draw();
});
new ResizeObserver(draw).observe(box);

box.addEventListener("click", clicked => {
  const row = clicked.target.closest(".row")?.row;
  if (!row) return;
  choose(rows.indexOf(row.n));
  open();
});

box.addEventListener("keydown", pressed => {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
  const page = Math.max(1, Math.floor(box.clientHeight / height()) - 1);
  const end = rows.shown.length - 1;
  const at = chosen === null ? -1 : rows.indexOf(chosen);
  const from = at < 0 ? end + 1 : at;
  const to = {
    ArrowDown: at < 0 ? end : at + 1, j: at < 0 ? end : at + 1,
    ArrowUp: from - 1, k: from - 1,
    PageDown: from + page, PageUp: from - page, Home: 0, End: end,
  }[pressed.key];
  if (to !== undefined) choose(to);
  else if (pressed.key === "Enter" || pressed.key === " ") open();
  else return;
  pressed.preventDefault();
});
