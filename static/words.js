/** Every sentence that the scripts say: their part of views/words.json, which the server has put into the page. */

import { byId } from "./dom.js";

/** @type {typeof import("../views/words.json")["scripts"]} */
export const words = JSON.parse(byId("words", HTMLScriptElement).text);

const NO_BREAK = "\u00a0"; // an article stays with its digit, and a sign with its number

/**
 * @param {string} sentence with {names}; {a digit} stands for the digit with its article
 * @param {Record<string, string | number>} values by name; that of a digit with its article is a number
 * @returns {string}
 */
export function say(sentence, values) {
  return sentence.replace(/\{(a )?(\w+)\}/g, (_, article, name) =>
    article ? words.withArticle[Number(values[name])].replace(" ", NO_BREAK) : String(values[name]),
  );
}

/**
 * @param {{code: string, message: string}} error of the server's
 * @returns {string} the server's own sentence, made for whoever sends requests, where the page has none
 */
export function errorInWords({ code, message }) {
  return new Map(Object.entries(words.errors)).get(code) ?? message;
}

const asPercent = new Intl.NumberFormat(document.documentElement.lang, {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

// What lies beyond these would be rounded to 100.0% or 0.0%.
const [LEAST, MOST] = [0.001, 0.999];
const isBeyondMost = (/** @type {number} */ probability) => probability > MOST && probability < 1;

/**
 * @param {number} probability 0 to 1
 * @returns {string} never a rounded 100% for what is not quite sure, nor 0% for what is not quite impossible
 */
export function percent(probability) {
  if (isBeyondMost(probability)) return `>${NO_BREAK}${asPercent.format(MOST)}`;
  if (probability < LEAST && probability > 0) return `<${NO_BREAK}${asPercent.format(LEAST)}`;
  return asPercent.format(probability);
}

/** @param {number} probability 0 to 1 @returns {string} the same, to begin a sentence with */
export function percentInWords(probability) {
  return isBeyondMost(probability) ? say(words.moreThan, { percent: asPercent.format(MOST) }) : percent(probability);
}
