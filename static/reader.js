/** Asks the server: one request at a time, and after it the newest picture only. */

import { asSent } from "./conversion.js";
import { authorization } from "./token.js";
import { errorInWords, words } from "./words.js";

const PATIENCE = 15_000; // milliseconds
const PATIENCE_WITH_FILE = 150_000; // a photograph takes a minute from a slow telephone, and the server waits for two
const LONGEST_REST = 1_000; // milliseconds; somebody may ask meanwhile
const [LOOK_AGAIN, LOOK_AT_MOST] = [2_000, 64_000]; // milliseconds
const ASK_AGAIN = 1_000; // milliseconds, where a server that refuses for now does not say when
const AWAY = [502, 503]; // a proxy says so that its server is away
const LATE = 504; // and so that it takes too long
const TOO_SLOW = 408; // what a server answers where the picture did not arrive in time
/** What a proxy says on a page of its own, in place of the server's JSON. @type {Record<number, string>} */
const OF_PROXY = { 401: "unauthorized", 413: "too_large", 429: "too_many_requests" };
const OWN_MACHINE = ["localhost", "127.0.0.1", "[::1]"];

// Whoever visits a page of somebody else's cannot start its server.
const serverGone = OWN_MACHINE.includes(location.hostname) ? words.serverGoneHere : words.serverGone;

/**
 * @typedef {{address: string, picture: Blob | string}} Request picture is a file, or JSON with strokes in it
 * @typedef {{digit: number, confidence: number, certain: boolean, probabilities: number[], seen?: string,
 *   milliseconds: number, preparation?: string[]}} Prediction
 * @typedef {{error: string, isGone?: boolean, isTransient?: boolean, isForToken?: boolean,
 *   askAgainIn?: number}} Failure isGone: there was no server; isTransient: whoever asks once more may be answered;
 *   isForToken: whoever bears the server's token would be; askAgainIn: milliseconds, where the server has no time
 *   or was asked too often
 * @typedef {{prediction: Prediction} | Failure} Outcome
 */

/** @param {number} milliseconds @returns {Promise<void>} */
export const pass = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** @param {number} milliseconds @returns {AbortSignal} as AbortSignal.timeout, which Safari 15 has not got */
export function abortedAfter(milliseconds) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), milliseconds);
  return stop.signal;
}

export class Reader {
  /** @type {(() => Request) | null} */
  #newest = null;
  /** @type {Request | null} what was answered last, which need not be asked again */
  #answered = null;
  #busy = false;
  #generation = 0;
  #refusals = 0;
  /** Stops what has been asked and not answered yet. */
  #stop = new AbortController();
  #onOutcome;
  #rest;
  #restsTimesAsLong;

  /**
   * @param {(outcome: Outcome, picture: Blob | string) => void} onOutcome told of each answer that is still wanted, and
   *   what was read
   * @param {number} rest milliseconds from an answer to the next request, at least
   * @param {number} [restsTimesAsLong] as the answer took, but no longer than `LONGEST_REST`: a server that many ask is
   *   left the more to others
   */
  constructor(onOutcome, rest, restsTimesAsLong = 0) {
    this.#onOutcome = onOutcome;
    this.#rest = rest;
    this.#restsTimesAsLong = restsTimesAsLong;
  }

  /** @param {() => Request} getRequest called when its turn comes; never, if a newer one comes first */
  read(getRequest) {
    this.#newest = getRequest;
    if (!this.#busy) this.#work();
  }

  /** Forget what was asked: the pad was cleared, or another picture took its place. */
  cancel() {
    this.#newest = this.#answered = null;
    this.#generation++;
    this.#stop.abort(); // which would keep what comes next waiting
  }

  async #work() {
    this.#busy = true;
    try {
      while (this.#newest) {
        const getRequest = this.#newest;
        const generation = this.#generation;
        this.#newest = null;
        const request = getRequest();
        if (isSame(request, this.#answered)) continue;
        this.#stop = new AbortController();
        const askedAt = performance.now();
        const outcome = await ask(request, this.#stop);
        const taken = performance.now() - askedAt;
        const askAgainIn = "error" in outcome && outcome.askAgainIn;
        this.#refusals = askAgainIn ? this.#refusals + 1 : 0;
        if (generation === this.#generation) {
          if (askAgainIn) this.#newest ??= getRequest;
          this.#answered = "error" in outcome ? null : request;
          if (this.#refusals !== 1) this.#onOutcome(outcome, request.picture); // a single one is not worth telling
        }
        await pass(askAgainIn || Math.max(this.#rest, Math.min(LONGEST_REST, this.#restsTimesAsLong * taken)));
      }
    } finally {
      this.#busy = false;
    }
  }
}

/** @param {Request} request @param {Request | null} other @returns {boolean} */
const isSame = ({ address, picture }, other) => address === other?.address && picture === other.picture;

/** @param {Blob | string} picture @returns {number} milliseconds to wait for the answer to it */
export const patienceFor = (picture) => (picture instanceof Blob ? PATIENCE_WITH_FILE : PATIENCE);

/**
 * @param {Request} request @param {AbortController} stop of this request alone
 * @returns {Promise<Outcome>}
 */
export async function ask(request, stop) {
  const late = setTimeout(() => stop.abort(new DOMException("", "TimeoutError")), patienceFor(request.picture));
  try {
    return await answerTo(request, stop.signal);
  } finally {
    clearTimeout(late);
  }
}

/** @param {Request} request @param {AbortSignal} signal @returns {Promise<Outcome>} */
async function answerTo({ address, picture }, signal) {
  let response;
  try {
    response = await post(address, picture, signal);
  } catch {
    if (signal.aborted) return { error: words.serverSlow, isTransient: true };
    // A file that was moved or changed since it was chosen fails in the same way.
    return (await canBeSent(picture)) ? { error: serverGone, isGone: true } : { error: words.fileGone };
  }
  const answer = await response.json().catch(() => null); // whatever it was, it was no answer of ours
  const isOurs = typeof answer?.error?.message === "string" || Array.isArray(answer?.probabilities);
  if (isOurs) lookAgain = LOOK_AGAIN;
  if (isOurs) return answer.error ? refusal(answer.error, response) : { prediction: answer };
  const code = OF_PROXY[response.status];
  if (code) return refusal({ code, message: words.serverOdd }, response);
  if (AWAY.includes(response.status)) return { error: serverGone, isGone: true };
  return { error: response.status === LATE ? words.serverSlow : words.serverOdd, isTransient: true };
}

/**
 * @param {string} address @param {Blob | string} picture a file, or JSON @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
export async function post(address, picture, signal) {
  const body = typeof picture === "string" ? picture : await asSent(picture);
  const type = typeof body === "string" ? "application/json" : body.type || "image/png";
  return fetch(address, { method: "POST", headers: { "Content-Type": type, ...authorization() }, body, signal });
}

/** @param {{code: string, message: string}} error @param {Response} response that holds it @returns {Failure} */
function refusal(error, response) {
  const again = askAgainIn(response);
  const isTransient = !again && (response.status >= 500 || response.status === TOO_SLOW);
  return { error: errorInWords(error), isTransient, isForToken: response.status === 401, askAgainIn: again };
}

/** @param {Response} response @returns {number | undefined} milliseconds, where it refuses but for now */
function askAgainIn({ status, headers }) {
  return isForNow(status) ? Number(headers.get("Retry-After")) * 1000 || ASK_AGAIN : undefined;
}

/** @param {number} status @returns {boolean} whether it refuses what it would take at another time */
export const isForNow = (status) => status === 429 || status === 503;

/** @param {Blob | string} picture @returns {Promise<boolean>} not where its file has changed since it was chosen */
export async function canBeSent(picture) {
  try {
    if (picture instanceof Blob) await picture.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** @type {Promise<void> | null} */
let back = null;

/** Milliseconds; longer each time that what was sent to a server which seemed to be back was lost all the same. */
let lookAgain = LOOK_AGAIN;

/** @returns {Promise<void>} once the server answers again; the same one for all who wait */
export function serverIsBack() {
  back ??= lookForServer().finally(() => {
    back = null;
  });
  return back;
}

async function lookForServer() {
  for (;;) {
    await pass(lookAgain);
    try {
      if ((await fetch("healthz", { cache: "no-store", signal: abortedAfter(PATIENCE) })).ok) break;
    } catch {
      // Not yet.
    }
  }
  lookAgain = Math.min(2 * lookAgain, LOOK_AT_MOST);
}
