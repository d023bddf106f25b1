/** Asks the server: one request at a time, and after it the newest picture only. */

import { authorization } from "./token.js";
import { errorInWords, words } from "./words.js";

const TIMEOUT = 15_000; // milliseconds
const LOOK_AGAIN = 2_000; // milliseconds

/**
 * @typedef {{digit: number, confidence: number, certain: boolean, probabilities: number[], seen: string,
 *   milliseconds: number, preparation?: string[]}} Prediction
 * @typedef {{prediction: Prediction} | {error: string, isGone?: boolean}} Outcome isGone: there was no server
 */

/** @param {number} milliseconds */
const pass = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export class Reader {
  /** @type {(() => Blob | string) | null} */
  #newest = null;
  #busy = false;
  #generation = 0;
  #address;
  #onOutcome;
  #rest;

  /**
   * @param {() => string} address where to ask next
   * @param {(outcome: Outcome) => void} onOutcome told of each answer that is still wanted
   * @param {number} rest milliseconds from an answer to the next request
   */
  constructor(address, onOutcome, rest = 0) {
    this.#address = address;
    this.#onOutcome = onOutcome;
    this.#rest = rest;
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
        if (this.#rest) await pass(this.#rest);
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
      headers: {
        "Content-Type": typeof picture === "string" ? "application/json" : picture.type || "image/png",
        ...authorization(),
      },
      body: picture,
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch (error) {
    if (error.name === "TimeoutError") return { error: words.serverSlow };
    // A file that was moved or changed since it was chosen fails in the same way.
    return (await canBeSent(picture)) ? { error: words.serverGone, isGone: true } : { error: words.fileGone };
  }
  try {
    const answer = await response.json();
    if (typeof answer.error?.message === "string") return { error: errorInWords(answer.error) };
    if (Array.isArray(answer.probabilities)) return { prediction: answer };
  } catch {
    // Fall through: whatever it was, it was no answer of ours.
  }
  return { error: words.serverOdd };
}

/** @param {Blob | string} picture @returns {Promise<boolean>} */
async function canBeSent(picture) {
  try {
    if (picture instanceof Blob) await picture.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** @returns {Promise<void>} once the server answers again */
export async function serverIsBack() {
  for (;;) {
    await pass(LOOK_AGAIN);
    try {
      if ((await fetch("healthz", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) })).ok) return;
    } catch {
      // Not yet.
    }
  }
}
