/** Right or wrong? One tap tells the server, which keeps the picture to learn from. */

import { looksLikeNone } from "./answer.js";
import { allOf, byId, setDisabled } from "./dom.js";
import { BRIEF, send } from "./reader.js";
import { delay } from "./time.js";
import { say, words } from "./words.js";

export class Correction {
  #panel = byId("correction", HTMLElement);
  #yes = byId("yes", HTMLButtonElement);
  #no = byId("no", HTMLElement);
  #others = allOf("#others button", HTMLButtonElement);
  #note = byId("correction-note", HTMLElement);
  /** @type {{picture: Blob | string, digit: number} | null} what was read, and as which digit */
  #question = null;
  /** Counts drawings, so that a late answer about one is not shown beside the next. */
  #drawing = 0;
  #isSending = false;
  /** @type {Map<Blob | string, number>} the right digit of each picture that was kept, for when it comes back */
  #told = new Map();
  /** @type {Map<Blob | string, Promise<unknown>>} of each picture its newest correction, for the next not to overtake */
  #onItsWay = new Map();
  #onKept;

  /**
   * @param {() => Blob | string} onPad gives what is on the pad now: that is what a tap on another digit is about
   * @param {(picture: Blob | string) => void} onKept called with each picture that the server has kept
   */
  constructor(onPad, onKept) {
    this.#onKept = onKept;
    this.#yes.addEventListener("click", () => this.#question && this.#tell(this.#question.picture, this.#question.digit));
    this.#others.forEach((button, label) => {
      button.addEventListener("click", () => this.#tell(onPad(), label));
    });
  }

  /** @param {Blob | string} picture that was read @param {import("./reader.js").Prediction} prediction of it */
  ask(picture, prediction) {
    const { digit } = prediction;
    const isNone = looksLikeNone(prediction);
    if (digit !== this.#question?.digit) this.#yes.removeAttribute("data-kept"); // the mark was for another digit
    this.#question = { picture, digit };
    this.#panel.hidden = false;
    this.#yes.hidden = isNone; // no digit was named for it to confirm
    this.#yes.textContent = say(words.yes, { digit });
    this.#no.textContent = isNone ? words.it : words.no;
    this.#others.forEach((button, label) => {
      button.setAttribute("aria-label", say(isNone ? words.itIs : words.noItIs, { digit: label }));
      button.disabled = label === digit && !isNone;
    });
    const label = this.labelOf(picture);
    if (label !== undefined && !this.#note.textContent) this.#thank(say(words.keptAlready, { digit: label }), label);
  }

  /** @param {Blob | string} picture @returns {number | undefined} the digit that it was kept as, if it was */
  labelOf(picture) {
    return this.#told.get(picture);
  }

  /** Something else is on the pad now. */
  forget() {
    this.#drawing++;
    this.#isSending = false;
    if (this.#note.textContent) this.#say("");
  }

  hide() {
    this.forget();
    this.#question = null;
    this.#panel.hidden = true;
  }

  /** @param {Blob | string} picture @param {number} label */
  async #tell(picture, label) {
    if (!this.#question || this.#isSending) return;
    const drawing = this.#drawing;
    this.#isSending = true;
    this.#say(words.keeping);
    const sending = Promise.resolve(this.#onItsWay.get(picture)).then(() => sendCorrection(picture, label));
    this.#onItsWay.set(picture, sending);
    const { sentence, isKept } = await sending;
    if (this.#onItsWay.get(picture) === sending) this.#onItsWay.delete(picture);
    if (isKept) {
      this.#told.set(picture, label);
      this.#onKept(picture);
    }
    if (drawing !== this.#drawing) return;
    this.#isSending = false;
    if (isKept) this.#thank(sentence, label);
    else this.#say(sentence, true);
  }

  /** @param {string} sentence @param {number} label that was kept; its button is marked */
  #thank(sentence, label) {
    this.#say(sentence);
    const button = this.#others[label].disabled ? this.#yes : this.#others[label];
    button.toggleAttribute("data-kept", true);
  }

  /** @param {string} sentence @param {boolean} [isTrouble] */
  #say(sentence, isTrouble = false) {
    this.#note.textContent = sentence;
    this.#note.toggleAttribute("data-trouble", isTrouble);
    for (const button of [this.#yes, ...this.#others]) {
      button.removeAttribute("data-kept");
      setDisabled(button, this.#isSending);
    }
  }
}

/**
 * @param {Blob | string} picture a picture file, or JSON with strokes in it @param {number} label
 * @returns {Promise<{sentence: string, isKept: boolean}>} the outcome, with the sentence that tells it
 */
async function sendCorrection(picture, label) {
  const isJson = typeof picture === "string";
  const url = isJson ? "corrections" : `corrections?label=${label}`;
  const body = isJson ? JSON.stringify({ ...JSON.parse(picture), label }) : picture;
  const request = { url, picture: body };
  let outcome = await send(request, saysKept);
  if ("error" in outcome && outcome.askAgainIn && outcome.askAgainIn <= BRIEF) {
    await delay(outcome.askAgainIn);
    outcome = await send(request, saysKept);
  }
  if ("error" in outcome) return { sentence: whyNotKept(outcome), isKept: false };
  const { label: digit, new: isNew } = outcome.answer;
  return { sentence: say(isNew ? words.thanks : words.keptAlready, { digit }), isKept: true };
}

/** @param {any} answer from the server @returns {boolean} whether it says that a correction is kept */
const saysKept = (answer) => typeof answer?.label === "number";

/** @param {import("./reader.js").Failure} failure @returns {string} short, like the other notes there */
function whyNotKept({ error, isGone, isForToken, askAgainIn }) {
  if (isGone) return words.notKept;
  if (askAgainIn) return words.notKeptNow;
  return isForToken ? words.notKeptToken : error;
}
