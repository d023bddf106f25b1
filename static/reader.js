/** Asks the server: one request at a time, and after it the newest picture only. */

import { words } from "./words.js";

const TIMEOUT = 15_000; // milliseconds

/**
 * @typedef {{digit: number, confidence: number, certain: boolean, probabilities: number[], seen: string,
 *   milliseconds: number}} Prediction
 * @typedef {{prediction: Prediction} | {error: string}} Outcome
 */

export class Reader {
  /** @type {(() => Blob | string) | null} */
  #newest = null;
  #busy = false;
  #generation = 0;
  #address;
  #onOutcome;

  /**
   * @param {() => string} address where to ask next
   * @param {(outcome: Outcome) => void} onOutcome told of each answer that is still wanted
   */
  constructor(address, onOutcome) {
    this.#address = address;
    this.#onOutcome = onOutcome;
  }

  /** @param {() => Blob | string} getPicture called when its turn comes; never, if a newer one comes first */
  read(getPicture) {
    this.#newest = getPicture;
    if (!this.#busy) this.#work();
  }

  /** Forget what was asked: the pad was cleared, or another picture took its place. */
  cancel() {
    this.#newest = null;
    this.#generation++;
  }

  async #work() {
    this.#busy = true;
    try {
      while (this.#newest) {
        const getPicture = this.#newest;
        const generation = this.#generation;
        this.#newest = null;
        const outcome = await ask(this.#address(), getPicture());
        if (generation === this.#generation) this.#onOutcome(outcome);
      }
    } finally {
      this.#busy = false;
    }
  }
}

/**
 * @param {string} address @param {Blob | string} picture a picture file, or JSON with strokes in it
 * @returns {Promise<Outcome>}
 */
export async function ask(address, picture) {
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": typeof picture === "string" ? "application/json" : picture.type || "image/png" },
      body: picture,
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch (error) {
    return { error: error.name === "TimeoutError" ? words.serverSlow : words.serverGone };
  }
  try {
    const answer = await response.json();
    if (typeof answer.error?.message === "string") return { error: answer.error.message };
    if (Array.isArray(answer.probabilities)) return { prediction: answer };
  } catch {
    // Fall through: whatever it was, it was no answer of ours.
  }
  return { error: words.serverOdd };
}
