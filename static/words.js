/** Every sentence that the scripts show: their part of views/words.json, which the server puts into the page. */

import { byId } from "./dom.js";

/** @type {typeof import("../views/words.json")["scripts"]} */
export const words = JSON.parse(byId("words", HTMLScriptElement).text);

const NO_BREAK = "\u00a0"; // keeps an article with its digit, and a sign with its number

/**
 * @param {string} sentence with {names}; {a digit} stands for the digit with its article
 * @param {Record<string, string | number>} values by name; a digit with its article is given as a number
 * @returns {string}
 */
export function say(sentence, values) {
  return sentence.replace(/\{(a )?(\w+)\}/g, (_, article, name) =>
    article ? words.withArticle[Number(values[name])].replace(" ", NO_BREAK) : String(values[name]),
  );
}

/**
 * @param {{code: string, message: string}} error from the server
 * @returns {string} the page's sentence for it, else the server's own, which is meant for developers
 */
export function errorInWords({ code, message }) {
  return new Map(Object.entries(words.errors)).get(code) ?? message;
}

const asPercent = new Intl.NumberFormat(document.documentElement.lang, {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

// Values beyond these would be rounded to 100.0% or 0.0%.
const [LEAST, MOST] = [0.001, 0.999];
const isBeyondMost = (/** @type {number} */ probability) => probability > MOST && probability < 1;

/**
 * @param {number} probability 0 to 1
 * @returns {string} never rounded to 100% unless it is 1, nor to 0% unless it is 0
 */
export function percent(probability) {
  if (isBeyondMost(probability)) return `>${NO_BREAK}${asPercent.format(MOST)}`;
  if (probability < LEAST && probability > 0) return `<${NO_BREAK}${asPercent.format(LEAST)}`;
  return asPercent.format(probability);
}

/** @param {number} probability 0 to 1 @returns {string} the same, for the start of a sentence */
export function percentInWords(probability) {
  return isBeyondMost(probability) ? say(words.moreThan, { percent: asPercent.format(MOST) }) : percent(probability);
}
