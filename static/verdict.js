/** Right or wrong? One tap tells the server, which keeps the picture for the network to learn from. */

import { words } from "./words.js";

const TIMEOUT = 15_000; // milliseconds

export class Verdict {
  #panel = document.getElementById("verdict");
  #yes = /** @type {HTMLButtonElement} */ (document.getElementById("yes"));
  #others = [...document.querySelectorAll("#others button")];
  #note = document.getElementById("verdict-note");
  /** @type {number | null} what was read */
  #digit = null;

  /** @param {(label: number) => void} onLabel told the right digit */
  constructor(onLabel) {
    this.#yes.addEventListener("click", () => onLabel(this.#digit));
    this.#others.forEach((button, label) => button.addEventListener("click", () => onLabel(label)));
  }

  /** @param {number} digit that was read, and may be wrong */
  ask(digit) {
    this.#digit = digit;
    this.#panel.hidden = false;
    this.#note.textContent = "";
    this.#yes.textContent = words.yes(digit);
    this.#others.forEach((button, label) => {
      button.hidden = label === digit;
    });
  }

  hide() {
    this.#panel.hidden = true;
  }

  /**
   * @param {Blob | string} picture a picture file, or JSON with strokes in it
   * @param {number} label
   */
  async send(picture, label) {
    const isJson = typeof picture === "string";
    try {
      const response = await fetch(isJson ? "corrections" : `corrections?label=${label}`, {
        method: "POST",
        headers: { "Content-Type": isJson ? "application/json" : picture.type || "image/png" },
        body: isJson ? JSON.stringify({ ...JSON.parse(picture), label }) : picture,
        signal: AbortSignal.timeout(TIMEOUT),
      });
      const answer = await response.json();
      this.#note.textContent = answer.error?.message ?? words.thanks(answer.label, answer.new);
    } catch {
      this.#note.textContent = words.serverGone;
    }
  }
}
