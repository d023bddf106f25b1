/** What was done to a drawing or a picture before the network saw it, if that is worth knowing. */

import { words } from "./words.js";

const MNIST_PEN = 0.13; // of a digit's longer side
const THICK = 1.5; // times MNIST's pen
const THIN = 0.35; // times MNIST's pen; the pad's default pen is thicker than that even for a digit that fills the pad

/**
 * @param {string[]} codes from the server; unknown ones, of a newer server, are left out
 * @param {number | null} pen how thick the lines are, as a share of the drawing's longer side; null for a picture
 * @returns {string}
 */
export function preparationInWords(codes, pen) {
  const known = new Map(Object.entries(words.preparation));
  const sentences = codes.map((code) => (code === "redrawn" ? redrawn(pen) : known.get(code)));
  return sentences.filter(Boolean).join(" ");
}

/** @param {number | null} pen */
function redrawn(pen) {
  if (pen === null) return null;
  if (pen > MNIST_PEN * THICK) return words.redrawnThinner;
  return pen < MNIST_PEN * THIN ? words.redrawnThicker : null;
}
