/** Every sentence that the scripts say: their part of views/words.json, which the server has put into the page. */

/** @type {typeof import("../views/words.json")["scripts"]} */
export const words = JSON.parse(document.getElementById("words").textContent);

const NO_BREAK = "\u00a0"; // an article stays with its digit, and a sign with its number

/**
 * @param {string} sentence with {names}; {a digit} stands for the digit with its article
 * @param {Record<string, string | number>} values by name
 * @returns {string}
 */
export function say(sentence, values) {
  return sentence.replace(/\{(a )?(\w+)\}/g, (_, article, name) =>
    (article ? words.withArticle[values[name]] : String(values[name])).replace(" ", NO_BREAK),
  );
}

/**
 * @param {{code: string, message: string}} error of the server's
 * @returns {string} the server's own sentence, made for whoever sends requests, where the page has none
 */
export function errorInWords({ code, message }) {
  return Object.hasOwn(words.errors, code) ? words.errors[code] : message;
}

const asPercent = new Intl.NumberFormat(document.documentElement.lang, {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/**
 * @param {number} probability 0 to 1
 * @returns {string} never a rounded 100% for what is not quite sure, nor 0% for what is not quite impossible
 */
export function percent(probability) {
  if (probability > 0.999 && probability < 1) return `> ${asPercent.format(0.999)}`;
  if (probability < 0.001 && probability > 0) return `< ${asPercent.format(0.001)}`;
  return asPercent.format(probability);
}
