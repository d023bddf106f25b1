/** Shows what the server said. */

import { percent, words } from "./words.js";

/** @typedef {import("./reader.js").Prediction} Prediction */

const CLOSE_SECOND = 0.2; // a second digit at least this probable is named beside the first
const NO_DIGIT = 0.4; // where no digit is more probable than this and none is close, it looks like none

export class Answer {
  #panel = document.getElementById("answer");
  #digit = document.getElementById("digit");
  #sentence = document.getElementById("sentence");
  #seen = /** @type {HTMLImageElement} */ (document.getElementById("seen"));
  #seenFigure = document.getElementById("seen-figure");
  #bars = [...document.querySelectorAll("#bars li")];

  showEmpty() {
    this.#show("empty", "?", words.empty, null);
  }

  /** @param {string} sentence */
  showError(sentence) {
    this.#show("error", "?", sentence, null);
  }

  /** @param {Prediction} prediction */
  showPrediction(prediction) {
    const state = prediction.certain ? "certain" : "uncertain";
    this.#show(state, String(prediction.digit), inWords(prediction), prediction);
  }

  /** @param {string} state @param {string} digit @param {string} sentence @param {Prediction | null} prediction */
  #show(state, digit, sentence, prediction) {
    this.#panel.dataset.state = state;
    this.#digit.textContent = digit;
    // Setting the same text again would make screen readers say it again.
    if (this.#sentence.textContent !== sentence) this.#sentence.textContent = sentence;
    this.#seenFigure.hidden = !prediction;
    if (prediction) this.#seen.src = prediction.seen;
    this.#bars.forEach((row, index) => {
      const probability = prediction?.probabilities[index];
      row.toggleAttribute("data-best", index === prediction?.digit);
      row.querySelector(".bar").style.setProperty("--probability", String(probability ?? 0));
      row.querySelector(".share").textContent = probability === undefined ? "–" : percent(probability);
    });
  }
}

/** @param {Prediction} prediction @returns {string} */
function inWords({ digit, confidence, certain, probabilities }) {
  if (certain) return words.certain(digit, percent(confidence));
  const others = probabilities.map((probability, other) => ({ probability, other })).filter(({ other }) => other !== digit);
  const second = others.reduce((best, each) => (each.probability > best.probability ? each : best));
  if (second.probability >= CLOSE_SECOND) return words.perhapsEither(digit, second.other);
  return confidence < NO_DIGIT ? words.noDigit(digit) : words.perhaps(digit, percent(confidence));
}
