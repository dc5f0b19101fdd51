// Elements. What comes from the network gets into the page by textContent alone, so it is never markup.

export const byId = id => document.getElementById(id);

// An element with a class, and children: elements, or texts.
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children.filter(child => child !== null && child !== undefined && child !== ""));
  return made;
}

export function button(text, action) {
  const made = element("button", "", text);
  made.type = "button";
  made.addEventListener("click", () => action(made));
  return made;
}

// Says on the button itself how its action went.
export function say(on, text) {
  on.dataset.text ??= on.textContent;
  on.textContent = text;
  setTimeout(() => { on.textContent = on.dataset.text; }, 1500);
}
