// Saves the shown exchanges as HAR.
import { ask } from "./connection.js";
import { element, say } from "./dom.js";

export async function save(on, numbers) {
  try {
    const answer = await ask("/api/har", { method: "POST", body: JSON.stringify(numbers) });
    if (!answer.ok) throw new Error(await answer.text());
    const link = element("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = `traffic-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.har`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say(on, "Saved");
  } catch (error) {
    console.warn(`the HAR was not saved: ${error.message}`);
    say(on, "Not saved");
  }
}
