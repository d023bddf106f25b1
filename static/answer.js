/** Shows what the server said. */

import { allOf, byId, isDisabled, setDisabled, setText } from "./dom.js";
import { percent, percentInWords, say, words } from "./words.js";

/** @typedef {import("./reader.js").Prediction} Prediction */

const CLOSE_SECOND = 0.2; // a second digit at least this probable is named too
const LIKELY = 0.8; // an uncertain digit is called probable from here on, not just possible
const LEAST_BAR = 0.004; // of a bar's length; a shorter bar would look like a speck
const GUESS = 0.2; // what looks like no digit still has its best guess named from here on
const NO_DIGIT = 0.4; // if no digit reaches this and no second is close, it looks like no digit

export class Answer {
  #panel = byId("answer", HTMLElement);
  #digit = byId("digit", HTMLElement);
  #sentence = byId("sentence", HTMLElement);
  #spoken = byId("spoken", HTMLElement);
  #again = byId("again", HTMLButtonElement);
  #example = byId("example", HTMLButtonElement);
  #seen = byId("seen", HTMLImageElement);
  #seenFigure = byId("seen-figure", HTMLElement);
  #preparation = byId("preparation", HTMLElement);
  #rows = allOf("#bars li", HTMLLIElement);
  #bars = allOf("#bars .bar", HTMLElement);
  #shares = allOf("#bars .share", HTMLElement);
  #heldBack = ""; // said once the pen rests
  /** @type {number | null} the digit that it is said to be, or perhaps to be */
  #named = null;

  /**
   * @param {() => void} onAgain called to ask again, if that may help
   * @param {() => void} onExample called to draw a digit on the empty pad
   */
  constructor(onAgain, onExample) {
    this.#example.addEventListener("click", onExample);
    this.#again.addEventListener("click", () => {
      if (isDisabled(this.#again)) return;
      setDisabled(this.#again, true); // not hidden, or keyboard focus would be lost
      this.#sentence.textContent = words.pending;
      this.#spoken.textContent = "";
      onAgain();
    });
  }

  get isEmpty() {
    return this.#panel.dataset.state === "empty";
  }

  get hasDigit() {
    return !this.isEmpty && this.#panel.dataset.state !== "error";
  }

  /** Whether the drawing looks like a digit. */
  get namesDigit() {
    return this.#named !== null;
  }

  /** Show what was held back, and have screen readers say it. */
  speak() {
    if (this.#heldBack) this.#sentence.textContent = this.#heldBack;
    setText(this.#spoken, this.#sentence.textContent ?? "");
  }

  /** @param {boolean} isLate whether the answer on show is for an earlier drawing, and the next takes long */
  showLate(isLate) {
    this.#panel.setAttribute("aria-busy", String(isLate));
  }

  showPending() {
    this.#spoken.textContent = ""; // so that the next answer is spoken even if it is the same
    this.#show("empty", "…", words.pending);
  }

  showEmpty() {
    this.#show("empty", "?", words.empty, null, this.#example);
  }

  offerExample() {
    this.#example.hidden = false;
  }

  /** @param {string} sentence @param {boolean} [isTransient] whether asking again may help */
  showError(sentence, isTransient = false) {
    this.#show("error", "?", sentence, null, isTransient ? this.#again : null);
  }

  /**
   * Half a digit looks like no digit. That is held back while the user draws, as it is not news.
   *
   * @param {Prediction} prediction @param {boolean} [isUnderWay]
   */
  showPrediction(prediction, isUnderWay = false) {
    const state = prediction.certain ? "certain" : "uncertain";
    const [isNone, sentence] = [looksLikeNone(prediction), inWords(prediction)];
    const holdsBack = isNone && isUnderWay;
    this.#show(state, isNone ? "?" : String(prediction.digit), holdsBack ? words.pending : sentence, prediction);
    if (holdsBack) this.#heldBack = sentence;
  }

  /** @param {string} sentence what was done to the picture before the network saw it, or nothing */
  showPreparation(sentence) {
    this.#preparation.hidden = !sentence;
    this.#preparation.textContent = sentence;
  }

  /**
   * @param {string} state @param {string} digit @param {string} sentence @param {Prediction | null} [prediction]
   * @param {HTMLButtonElement | null} [offered] the button to show beside the sentence
   */
  #show(state, digit, sentence, prediction = null, offered = null) {
    this.#panel.dataset.state = state;
    this.#digit.textContent = digit;
    this.#sentence.textContent = sentence;
    this.#heldBack = "";
    // Hidden for a moment only, the offered one would lose keyboard focus.
    for (const button of [this.#again, this.#example]) button.hidden = button !== offered;
    setDisabled(this.#again, false);
    this.#named = prediction && !looksLikeNone(prediction) ? prediction.digit : null;
    this.#seenFigure.hidden = !prediction?.seen;
    if (prediction?.seen) this.#seen.src = prediction.seen;
    this.#rows.forEach((row, index) => {
      const probability = prediction?.probabilities[index];
      row.toggleAttribute("data-best", index === this.#named);
      this.#bars[index].style.setProperty("--probability", String((probability ?? 0) < LEAST_BAR ? 0 : probability));
      this.#shares[index].textContent = probability === undefined ? "–" : percent(probability);
    });
  }
}

/** @param {Prediction} prediction @returns {string} */
function inWords(prediction) {
  const { digit, confidence, certain } = prediction;
  if (certain) return say(words.certain, { digit, percent: percentInWords(confidence) });
  const second = runnerUp(prediction);
  if (second.probability >= CLOSE_SECOND) return say(words.perhapsEither, { digit, other: second.other });
  const perhaps = confidence < LIKELY ? words.perhaps : words.probably;
  const none = confidence < GUESS ? words.noDigit : words.noDigitPerhaps;
  return say(looksLikeNone(prediction) ? none : perhaps, { digit, percent: percent(confidence) });
}

/** @param {Prediction} prediction @returns {boolean} */
export function looksLikeNone(prediction) {
  return !prediction.certain && prediction.confidence < NO_DIGIT && runnerUp(prediction).probability < CLOSE_SECOND;
}

/** @param {Prediction} prediction @returns {{probability: number, other: number}} the second most probable digit */
function runnerUp({ digit, probabilities }) {
  const others = probabilities.map((probability, other) => ({ probability, other })).filter(({ other }) => other !== digit);
  return others.reduce((best, each) => (each.probability > best.probability ? each : best));
}
