/** Shows what the server said. */

import { percent, say, words } from "./words.js";

/** @typedef {import("./reader.js").Prediction} Prediction */

const CLOSE_SECOND = 0.2; // a second digit at least this probable is named beside the first
const NO_DIGIT = 0.4; // where no digit is more probable than this and none is close, it looks like none

export class Answer {
  #panel = document.getElementById("answer");
  #digit = document.getElementById("digit");
  #sentence = document.getElementById("sentence");
  #spoken = document.getElementById("spoken");
  #seen = /** @type {HTMLImageElement} */ (document.getElementById("seen"));
  #seenFigure = document.getElementById("seen-figure");
  #preparation = document.getElementById("preparation");
  #bars = [...document.querySelectorAll("#bars li")];

  /** Have screen readers say what is shown. */
  speak() {
    // Setting the same text again would make them say it again.
    if (this.#spoken.textContent !== this.#sentence.textContent) this.#spoken.textContent = this.#sentence.textContent;
  }

  showPending() {
    this.#show("empty", "…", words.pending);
  }

  showEmpty() {
    this.#show("empty", "?", words.empty);
  }

  /** @param {string} sentence */
  showError(sentence) {
    this.#show("error", "?", sentence);
  }

  /** @param {Prediction} prediction */
  showPrediction(prediction) {
    const state = prediction.certain ? "certain" : "uncertain";
    this.#show(state, String(prediction.digit), inWords(prediction), prediction);
  }

  /** @param {string} sentence what was done before the network saw it, if anything */
  showPreparation(sentence) {
    this.#preparation.hidden = !sentence;
    this.#preparation.textContent = sentence;
  }

  /** @param {string} state @param {string} digit @param {string} sentence @param {Prediction | null} [prediction] */
  #show(state, digit, sentence, prediction = null) {
    this.#panel.dataset.state = state;
    this.#digit.textContent = digit;
    this.#sentence.textContent = sentence;
    this.#seenFigure.hidden = !prediction;
    if (prediction?.seen) this.#seen.src = prediction.seen;
    this.#bars.forEach((row, index) => {
      const probability = prediction?.probabilities[index];
      row.toggleAttribute("data-best", index === prediction?.digit);
      row.querySelector(".bar").style.setProperty("--probability", String(probability ?? 0));
      row.querySelector(".share").textContent = probability === undefined ? "–" : percent(probability);
    });
  }
}

/** @param {Prediction} prediction @returns {string} */
function inWords(prediction) {
  const { digit, confidence, certain } = prediction;
  if (certain) return say(words.certain, { digit, percent: percent(confidence) });
  const second = runnerUp(prediction);
  if (second.probability >= CLOSE_SECOND) return say(words.perhapsEither, { digit, other: second.other });
  return say(looksLikeNone(prediction) ? words.noDigit : words.perhaps, { digit, percent: percent(confidence) });
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
