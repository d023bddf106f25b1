/** Asks the server: one request at a time, and after it the newest picture only. */

import { authorization } from "./token.js";
import { errorInWords, words } from "./words.js";

const PATIENCE = 15_000; // milliseconds
const PATIENCE_WITH_FILE = 150_000; // a photograph takes a minute from a slow telephone, and the server waits for two
const LOOK_AGAIN = 2_000; // milliseconds
const ASK_AGAIN = 1_000; // milliseconds, where a server that refuses for now does not say when
const AWAY = [502, 503]; // what a proxy answers whose server is
const LATE = 504; // what it answers whose server takes too long

/**
 * @typedef {{digit: number, confidence: number, certain: boolean, probabilities: number[], seen?: string,
 *   milliseconds: number, preparation?: string[]}} Prediction
 * @typedef {{prediction: Prediction} | {error: string, isGone?: boolean, askAgainIn?: number}} Outcome isGone: there was
 *   no server; askAgainIn: milliseconds, where it has no time or was asked too often
 */

/** @param {number} milliseconds */
export const pass = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export class Reader {
  /** @type {(() => Blob | string) | null} */
  #newest = null;
  #busy = false;
  #generation = 0;
  #refusals = 0;
  /** @type {AbortController | null} of a file on its way */
  #upload = null;
  #address;
  #onOutcome;
  #rest;

  /**
   * @param {() => string} address where to ask next
   * @param {(outcome: Outcome) => void} onOutcome told of each answer that is still wanted
   * @param {number} rest milliseconds from an answer to the next request
   */
  constructor(address, onOutcome, rest) {
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
    this.#upload?.abort(); // which would keep what comes next waiting
  }

  async #work() {
    this.#busy = true;
    try {
      while (this.#newest) {
        const getPicture = this.#newest;
        const generation = this.#generation;
        this.#newest = null;
        const picture = getPicture();
        const stop = new AbortController();
        this.#upload = picture instanceof Blob ? stop : null;
        const outcome = await ask(this.#address(), picture, stop);
        const askAgainIn = "error" in outcome && outcome.askAgainIn;
        this.#refusals = askAgainIn ? this.#refusals + 1 : 0;
        if (generation === this.#generation) {
          if (askAgainIn) this.#newest ??= getPicture;
          if (this.#refusals !== 1) this.#onOutcome(outcome); // a single one is not worth taking an answer away
        }
        await pass(askAgainIn || this.#rest);
      }
    } finally {
      this.#busy = false;
    }
  }
}

/** @param {Blob | string} picture @returns {number} milliseconds to wait for the answer to it */
export const patienceFor = (picture) => (picture instanceof Blob ? PATIENCE_WITH_FILE : PATIENCE);

/**
 * @param {string} address @param {Blob | string} picture a picture file, or JSON with strokes in it
 * @param {AbortController} stop of this request alone
 * @returns {Promise<Outcome>}
 */
export async function ask(address, picture, stop) {
  const late = setTimeout(() => stop.abort(new DOMException("", "TimeoutError")), patienceFor(picture));
  try {
    return await answerTo(address, picture, stop.signal);
  } finally {
    clearTimeout(late);
  }
}

/** @param {string} address @param {Blob | string} picture @param {AbortSignal} signal @returns {Promise<Outcome>} */
async function answerTo(address, picture, signal) {
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: {
        "Content-Type": typeof picture === "string" ? "application/json" : picture.type || "image/png",
        ...authorization(),
      },
      body: picture,
      signal,
    });
  } catch {
    if (signal.aborted) return { error: words.serverSlow };
    // A file that was moved or changed since it was chosen fails in the same way.
    return (await canBeSent(picture)) ? { error: words.serverGone, isGone: true } : { error: words.fileGone };
  }
  const answer = await response.json().catch(() => null); // whatever it was, it was no answer of ours
  if (typeof answer?.error?.message === "string") return { error: errorInWords(answer.error), askAgainIn: askAgainIn(response) };
  if (Array.isArray(answer?.probabilities)) return { prediction: answer };
  if (AWAY.includes(response.status)) return { error: words.serverGone, isGone: true };
  return { error: response.status === LATE ? words.serverSlow : words.serverOdd };
}

/** @param {Response} response @returns {number | undefined} milliseconds, where it refuses but for now */
function askAgainIn({ status, headers }) {
  return isForNow(status) ? Number(headers.get("Retry-After")) * 1000 || ASK_AGAIN : undefined;
}

/** @param {number} status @returns {boolean} whether it refuses what it would take at another time */
export const isForNow = (status) => status === 429 || status === 503;

/** @param {Blob | string} picture @returns {Promise<boolean>} */
async function canBeSent(picture) {
  try {
    if (picture instanceof Blob) await picture.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** @type {Promise<void> | null} */
let back = null;

/** @returns {Promise<void>} once the server answers again; the same one for all who wait */
export function serverIsBack() {
  back ??= lookForServer().finally(() => {
    back = null;
  });
  return back;
}

async function lookForServer() {
  for (;;) {
    await pass(LOOK_AGAIN);
    try {
      if ((await fetch("healthz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) })).ok) return;
    } catch {
      // Not yet.
    }
  }
}
