/** Asks the server: one request at a time, then only the newest picture. */

import { asSent } from "./conversion.js";
import { abortedAfter, delay } from "./time.js";
import { authorization } from "./token.js";
import { errorInWords, words } from "./words.js";

const PATIENCE = 15_000; // milliseconds
const PATIENCE_WITH_FILE = 150_000; // a photograph takes a minute from a slow phone, and the server waits for two
const LONGEST_REST = 1_000; // milliseconds; the user may ask for something meanwhile
const [LOOK_AGAIN, LOOK_AT_MOST] = [2_000, 64_000]; // milliseconds
const ASK_AGAIN = 1_000; // milliseconds, if a server that refuses for now does not say for how long
const ASK_AGAIN_AT_MOST = 10_000; // milliseconds, as the server may be free sooner than it says
export const BRIEF = 2_000; // milliseconds; a single refusal for no longer is not worth showing
const AWAY = [502, 503]; // how a proxy says that its server is down
const GATEWAY_TIMEOUT = 504; // and that it takes too long
const REQUEST_TIMEOUT = 408; // the server's answer if the picture did not arrive in time
/** A proxy's statuses, sent with a page of its own instead of the server's JSON. @type {Record<number, string>} */
const OF_PROXY = { 401: "unauthorized", 413: "too_large", 429: "too_many_requests" };
const OWN_MACHINE = ["localhost", "127.0.0.1", "[::1]"];

// Only on their own machine can users be told to start the server.
const serverGone = OWN_MACHINE.includes(location.hostname) ? words.serverGoneHere : words.serverGone;

/**
 * @typedef {{url: string, picture: Blob | string}} Request picture is a file, or JSON with strokes in it
 * @typedef {{digit: number, confidence: number, certain: boolean, probabilities: number[], seen?: string,
 *   milliseconds: number, preparation?: string[]}} Prediction
 * @typedef {{error: string, isGone?: boolean, isTransient?: boolean, isForToken?: boolean,
 *   askAgainIn?: number}} Failure isGone: there was no server; isTransient: asking again may help; isForToken: it
 *   needs the server's token; askAgainIn: milliseconds, if the server is busy or was asked too often
 * @typedef {{prediction: Prediction} | Failure} Outcome
 */

export class Reader {
  /** @type {(() => Request) | null} */
  #newest = null;
  /** @type {{request: Request, outcome: Outcome} | null} what was answered last, so that it is not asked again */
  #answered = null;
  #busy = false;
  #generation = 0;
  #refusals = 0;
  /** Stops the request under way. */
  #stop = new AbortController();
  #onOutcome;
  #rest;
  #restsTimesAsLong;

  /**
   * @param {(outcome: Outcome, picture: Blob | string) => void} onOutcome called with each answer that is still
   *   wanted, and what was read
   * @param {number} rest least milliseconds from an answer to the next request
   * @param {number} [restsTimesAsLong] as the answer took, up to `LONGEST_REST`: a slow answer may mean that many
   *   ask, so others are left more time
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

  /** Forget what was asked: the pad was cleared, or something else is on it. */
  cancel() {
    this.#newest = this.#answered = null;
    this.#generation++;
    this.#stop.abort(); // or the next request would have to wait
  }

  async #work() {
    this.#busy = true;
    try {
      while (this.#newest) {
        const getRequest = this.#newest;
        const generation = this.#generation;
        this.#newest = null;
        const request = getRequest();
        if (this.#answered && isSame(request, this.#answered.request)) {
          this.#onOutcome(this.#answered.outcome, request.picture);
          continue;
        }
        this.#stop = new AbortController();
        const askedAt = performance.now();
        const outcome = await ask(request, this.#stop);
        const taken = performance.now() - askedAt;
        const askAgainIn = ("error" in outcome && outcome.askAgainIn) || 0;
        this.#refusals = askAgainIn ? this.#refusals + 1 : 0;
        if (generation === this.#generation) {
          if (askAgainIn) this.#newest ??= getRequest;
          this.#answered = "error" in outcome ? null : { request, outcome };
          if (this.#refusals !== 1 || askAgainIn > BRIEF) this.#onOutcome(outcome, request.picture);
        }
        await delay(askAgainIn || Math.max(this.#rest, Math.min(LONGEST_REST, this.#restsTimesAsLong * taken)));
      }
    } finally {
      this.#busy = false;
    }
  }
}

/** @param {Request} request @param {Request} other @returns {boolean} */
const isSame = ({ url, picture }, other) => url === other.url && picture === other.picture;

/** @param {Request} request @param {AbortController} stop of this request alone @returns {Promise<Outcome>} */
export async function ask(request, stop) {
  const outcome = await send(request, (answer) => Array.isArray(answer?.probabilities), stop);
  return "error" in outcome ? outcome : { prediction: outcome.answer };
}

/**
 * @param {Request} request @param {(answer: any) => boolean} isExpected whether the server's answer has the right form
 * @param {AbortController} [stop] of this request alone
 * @returns {Promise<{answer: any} | Failure>}
 */
export async function send(request, isExpected, stop = new AbortController()) {
  const patience = request.picture instanceof Blob ? PATIENCE_WITH_FILE : PATIENCE;
  const late = setTimeout(() => stop.abort(new DOMException("", "TimeoutError")), patience);
  try {
    return await answerTo(request, isExpected, stop.signal);
  } finally {
    clearTimeout(late);
  }
}

/**
 * @param {Request} request @param {(answer: any) => boolean} isExpected @param {AbortSignal} signal
 * @returns {Promise<{answer: any} | Failure>}
 */
async function answerTo({ url, picture }, isExpected, signal) {
  let response, answer;
  try {
    response = await post(url, picture, signal);
    answer = await jsonOf(response);
  } catch {
    if (signal.aborted) return { error: words.serverSlow, isTransient: true };
    // A file that was moved or changed since it was chosen fails the same way.
    return (await canBeSent(picture)) ? { error: serverGone, isGone: true } : { error: words.fileGone };
  }
  const isOurs = typeof answer?.error?.message === "string" || isExpected(answer);
  if (isOurs) lookAgain = LOOK_AGAIN;
  if (isOurs) return answer.error ? refusal(answer.error, response) : { answer };
  const code = OF_PROXY[response.status];
  if (code) return refusal({ code, message: words.serverOdd }, response);
  if (AWAY.includes(response.status)) return { error: serverGone, isGone: true };
  return { error: response.status === GATEWAY_TIMEOUT ? words.serverSlow : words.serverOdd, isTransient: true };
}

/** @param {Response} response @returns {Promise<any>} null if it holds no JSON: then it is not our server's */
async function jsonOf(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * @param {string} url @param {Blob | string} picture a file, or JSON @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
async function post(url, picture, signal) {
  const body = typeof picture === "string" ? picture : await asSent(picture);
  const type = typeof body === "string" ? "application/json" : body.type || "image/png";
  return fetch(url, { method: "POST", headers: { "Content-Type": type, ...authorization() }, body, signal });
}

/** @param {{code: string, message: string}} error @param {Response} response that holds it @returns {Failure} */
function refusal(error, response) {
  const again = askAgainIn(response);
  const isTransient = !again && (response.status >= 500 || response.status === REQUEST_TIMEOUT);
  return { error: errorInWords(error), isTransient, isForToken: response.status === 401, askAgainIn: again };
}

/** @param {Response} response @returns {number | undefined} milliseconds, if it refuses only for now */
function askAgainIn({ status, headers }) {
  if (status !== 429 && status !== 503) return undefined;
  return Math.min(ASK_AGAIN_AT_MOST, Number(headers.get("Retry-After")) * 1000 || ASK_AGAIN);
}

/** @param {Blob | string} picture @returns {Promise<boolean>} false if its file has changed since it was chosen */
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

/** Milliseconds; doubled each time that the server seems to be back, until it answers a request. */
let lookAgain = LOOK_AGAIN;

/** @returns {Promise<void>} settled once the server answers again; all callers share it */
export function serverIsBack() {
  back ??= lookForServer().finally(() => {
    back = null;
  });
  return back;
}

async function lookForServer() {
  for (;;) {
    await delay(lookAgain);
    try {
      if ((await fetch("healthz", { cache: "no-store", signal: abortedAfter(PATIENCE) })).ok) break;
    } catch {
      // Not yet.
    }
  }
  lookAgain = Math.min(2 * lookAgain, LOOK_AT_MOST);
}
