// What the server says: server-sent events, read by fetch, because an EventSource cannot send a token.

const KEY = "token";
// `#token=…` in the address opens the page without asking.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem(KEY, given);
  history.replaceState(null, "", location.pathname);
}

export const setToken = token => sessionStorage.setItem(KEY, token);

// A request to the collector, with the token if there is one.
export function ask(path, options = {}) {
  const token = sessionStorage.getItem(KEY);
  const headers = { ...options.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  return fetch(path, { ...options, headers });
}

// Calls `on.hello`, `on.rows` as events come, and `on.state` with what is to be said of the connection. Connects again when
// it ends, and goes on where it was. Ends when a token is needed: `on.unauthorized` is told whether there was one.
export async function listen(on) {
  let last = "";
  for (let tries = 0; ; tries += 1) {
    let reason = "";
    try {
      const answer = await ask("/api/events", { headers: last ? { "last-event-id": last } : {} });
      if (answer.status === 401) return on.unauthorized(sessionStorage.getItem(KEY) !== null);
      if (!answer.ok) {
        reason = `: ${(await answer.text()).trim()}`;
        throw new Error(reason);
      }
      tries = 0;
      on.state("Live");
      for await (const event of events(answer.body)) {
        if (event.id) last = event.id;
        if (event.data) on[event.name]?.(JSON.parse(event.data));
      }
    } catch (error) {
      console.warn(`the events broke off: ${error.message}`);
    }
    on.state(`Disconnected${reason}. Trying again …`);
    await new Promise(resolve => setTimeout(resolve, Math.min(1000 * 2 ** tries, 10000)));
  }
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) yield event(part);
  }
}

function event(text) {
  const read = { name: "message", id: "", data: "" };
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    const field = line.slice(0, colon);
    if (field === "event") read.name = value;
    else if (field === "id") read.id = value;
    else if (field === "data") read.data += value;
  }
  return read;
}
