/** Right or wrong? One tap tells the server, which keeps the picture for the network to learn from. */

import { isForNow, patienceFor } from "./reader.js";
import { authorization } from "./token.js";
import { errorInWords, say, words } from "./words.js";

export class Verdict {
  /** A server that keeps no corrections leaves it out of the page. */
  #panel = document.getElementById("verdict");
  #yes = document.getElementById("yes");
  #others = [...document.querySelectorAll("#others button")];
  #note = document.getElementById("verdict-note");
  /** @type {number | null} what was read */
  #digit = null;
  /** What is said about one drawing is not said beside the next. */
  #drawing = 0;

  /** @param {(label: number) => void} onLabel told the right digit */
  constructor(onLabel) {
    this.#yes?.addEventListener("click", () => onLabel(this.#digit));
    this.#others.forEach((button, label) => {
      button.setAttribute("aria-label", say(words.noItIs, { digit: label }));
      button.addEventListener("click", () => onLabel(label));
    });
  }

  /** @param {number} digit that was read, and may be wrong */
  ask(digit) {
    if (!this.#panel) return;
    this.#digit = digit;
    this.#panel.hidden = false;
    this.#yes.textContent = say(words.yes, { digit });
    this.#others.forEach((button, label) => {
      button.disabled = label === digit;
    });
  }

  /** There is something else to be read now. */
  forget() {
    if (!this.#panel) return;
    this.#drawing++;
    this.#note.textContent = "";
  }

  hide() {
    if (this.#panel) this.#panel.hidden = true;
  }

  /**
   * @param {Blob | string} picture a picture file, or JSON with strokes in it
   * @param {number} label
   */
  async send(picture, label) {
    const isJson = typeof picture === "string";
    const drawing = this.#drawing;
    const note = (/** @type {string} */ sentence) => {
      if (drawing === this.#drawing) this.#note.textContent = sentence;
    };
    try {
      const response = await fetch(isJson ? "corrections" : `corrections?label=${label}`, {
        method: "POST",
        headers: { "Content-Type": isJson ? "application/json" : picture.type || "image/png", ...authorization() },
        body: isJson ? JSON.stringify({ ...JSON.parse(picture), label }) : picture,
        signal: AbortSignal.timeout(patienceFor(picture)),
      });
      const answer = await response.json();
      if (isForNow(response.status)) note(words.notKeptNow);
      else if (answer.error) note(errorInWords(answer.error));
      else note(say(answer.new ? words.thanks : words.keptAlready, { digit: answer.label }));
    } catch {
      note(words.notKept);
    }
  }
}
