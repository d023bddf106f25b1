/** Asks the server: one request at a time, and after it the newest picture only. */

import { asSent } from "./conversion.js";
import { abortedAfter, delay } from "./time.js";
import { authorization } from "./token.js";
import { errorInWords, words } from "./words.js";

const PATIENCE = 15_000; // milliseconds
const PATIENCE_WITH_FILE = 150_000; // a photograph takes a minute from a slow telephone, and the server waits for two
const LONGEST_REST = 1_000; // milliseconds; somebody may ask meanwhile
const [LOOK_AGAIN, LOOK_AT_MOST] = [2_000, 64_000]; // milliseconds
const ASK_AGAIN = 1_000; // milliseconds, where a server that refuses for now does not say when
const ASK_AGAIN_AT_MOST = 10_000; // milliseconds, for it may take more sooner than it says
export const BRIEF = 2_000; // milliseconds; a single refusal for no longer is not worth telling
const AWAY = [502, 503]; // a proxy says so that its server is away
const GATEWAY_TIMEOUT = 504; // and so that it takes too long
const REQUEST_TIMEOUT = 408; // what a server answers where the picture did not arrive in time
/** What a proxy says on a page of its own, in place of the server's JSON. @type {Record<number, string>} */
const OF_PROXY = { 401: "unauthorized", 413: "too_large", 429: "too_many_requests" };
const OWN_MACHINE = ["localhost", "127.0.0.1", "[::1]"];

// Whoever visits a page of somebody else's cannot start its server.
const serverGone = OWN_MACHINE.includes(location.hostname) ? words.serverGoneHere : words.serverGone;

/**
 * @typedef {{url: string, picture: Blob | string}} Request picture is a file, or JSON with strokes in it
 * @typedef {{digit: number, confidence: number, certain: boolean, probabilities: number[], seen?: string,
 *   milliseconds: number, preparation?: string[]}} Prediction
 * @typedef {{error: string, isGone?: boolean, isTransient?: boolean, isForToken?: boolean,
 *   askAgainIn?: number}} Failure isGone: there was no server; isTransient: whoever asks once more may be answered;
 *   isForToken: whoever bears the server's token would be; askAgainIn: milliseconds, where the server has no time
 *   or was asked too often
 * @typedef {{prediction: Prediction} | Failure} Outcome
 */

export class Reader {
  /** @type {(() => Request) | null} */
  #newest = null;
  /** @type {{request: Request, outcome: Outcome} | null} what was answered last, which need not be asked again */
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
 * @param {Request} request @param {(answer: any) => boolean} isExpected whether what the server says is what it should
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
  let response;
  try {
    response = await post(url, picture, signal);
  } catch {
    if (signal.aborted) return { error: words.serverSlow, isTransient: true };
    // A file that was moved or changed since it was chosen fails in the same way.
    return (await canBeSent(picture)) ? { error: serverGone, isGone: true } : { error: words.fileGone };
  }
  const answer = await response.json().catch(() => null); // whatever it was, it was no answer of ours
  const isOurs = typeof answer?.error?.message === "string" || isExpected(answer);
  if (isOurs) lookAgain = LOOK_AGAIN;
  if (isOurs) return answer.error ? refusal(answer.error, response) : { answer };
  const code = OF_PROXY[response.status];
  if (code) return refusal({ code, message: words.serverOdd }, response);
  if (AWAY.includes(response.status)) return { error: serverGone, isGone: true };
  return { error: response.status === GATEWAY_TIMEOUT ? words.serverSlow : words.serverOdd, isTransient: true };
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

/** @param {Response} response @returns {number | undefined} milliseconds, where it refuses but for now */
function askAgainIn({ status, headers }) {
  if (status !== 429 && status !== 503) return undefined;
  return Math.min(ASK_AGAIN_AT_MOST, Number(headers.get("Retry-After")) * 1000 || ASK_AGAIN);
}

/** @param {Blob | string} picture @returns {Promise<boolean>} not where its file has changed since it was chosen */
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
    await delay(lookAgain);
    try {
      if ((await fetch("healthz", { cache: "no-store", signal: abortedAfter(PATIENCE) })).ok) break;
    } catch {
      // Not yet.
    }
  }
  lookAgain = Math.min(2 * lookAgain, LOOK_AT_MOST);
}
