// All rows that the page has, and which of them are shown.
import * as filter from "./filter.js";

// More than this many are higher than browsers let an element be.
const MOST = 200000;

let keep = MOST;
let all = [];
let shown = [];
let passes = filter.current();

export const rows = {
  get shown() { return shown; },
  get total() { return all.length; },
  get most() { return keep; },

  limit(most) { keep = Math.min(most, MOST); },

  clear() {
    all = [];
    shown = [];
  },

  // Adds rows. Returns how many of the shown ones are gone at the top.
  add(more) {
    for (const row of more) {
      filter.learn(row);
      all.push(row);
      if (passes(row)) shown.push(row);
    }
    const over = all.length - keep;
    // Seldom, since it moves all of them.
    if (over <= keep / 10) return 0;
    const first = all[over].n;
    all.splice(0, over);
    let gone = shown.findIndex(row => row.n >= first);
    if (gone < 0) gone = shown.length;
    shown.splice(0, gone);
    return gone;
  },

  // Chooses again which ones are shown.
  refilter() {
    passes = filter.current();
    shown = all.filter(passes);
  },

  // Where a row with this number is among the shown ones, or -1.
  indexOf(number) {
    let [low, high] = [0, shown.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shown[middle].n < number) low = middle + 1;
      else high = middle;
    }
    return shown[low]?.n === number ? low : -1;
  },
};
