/** A digit that the page draws by itself, to show what happens, or for people who can neither draw nor choose one. */

import { delay } from "./time.js";

const BETWEEN_POINTS = 25; // milliseconds, as by a quick hand
const WIDTH = 0.05; // of the pad's side

/** The strokes of 0 to 9, each a list of points x,y in hundredths of the pad's side. */
const DIGITS = [
  ["50,19 57,20 64,25 66,30 68,35 69,41 69,48 68,54 66,61 64,66 61,72 57,76 53,79 46,81 38,77 35,74 33,69 31,64 31,57 31,51 32,45 33,38 36,33 39,28 42,24 46,21 50,19"],
  ["41,31 45,27 49,24 53,21 57,17 56,22 55,27 55,31 54,36 53,41 53,45 52,50 51,55 51,59 50,64 49,69 49,73 48,78 47,83"],
  ["34,33 37,26 44,21 51,19 59,19 65,23 69,29 69,37 67,44 60,51 56,55 53,59 49,62 45,66 42,69 38,72 35,75 31,78 28,82 33,81 37,81 42,80 47,80 52,80 58,81 63,81 69,82"],
  ["37,26 42,21 48,18 55,18 61,21 65,26 66,32 64,39 60,45 55,49 48,50 56,50 62,54 65,60 65,67 62,73 56,78 48,81 40,81 33,78 28,73"],
  [
    "53,17 51,21 49,25 47,29 45,33 43,38 40,41 37,45 35,49 32,53 29,57 34,58 39,58 44,58 50,58 54,58 59,57 63,57 68,57 73,56",
    "62,40 61,46 60,51 59,56 58,61 57,66 57,70 56,75 55,79 54,84",
  ],
  [
    "40,20 39,24 38,28 37,33 35,41 38,45 46,42 54,43 61,47 65,53 66,61 64,69 58,75 51,79 42,80 35,77 29,72",
    "40,20 45,19 50,19 56,19 61,18 66,18 71,18",
  ],
  ["64,16 60,20 56,24 52,28 48,31 46,35 43,40 41,44 38,48 35,52 34,56 33,61 32,65 33,72 37,78 42,81 49,82 56,79 61,74 64,67 65,60 62,54 57,50 50,48 43,50 37,54 33,61 32,68"],
  ["32,22 38,21 43,21 48,21 53,21 58,20 63,20 68,20 73,20 71,24 69,28 66,33 64,37 61,41 59,46 57,50 55,54 53,58 51,63 49,67 47,71 45,75 43,80 41,84"],
  ["50,49 45,47 40,44 38,38 38,32 40,26 45,21 50,18 56,18 61,21 65,26 66,32 65,38 62,44 56,47 50,49 57,50 62,54 65,61 65,68 63,74 57,80 51,83 44,83 38,80 33,74 32,68 33,61 37,54 43,50 50,49"],
  ["67,32 65,25 61,20 55,18 48,18 42,22 37,27 34,34 35,41 38,47 43,51 50,52 56,50 62,45 66,39 67,32 66,36 65,41 64,46 64,50 62,55 60,60 59,64 57,69 55,73 53,77 50,81 48,86"],
];

/** @type {string[][]} the digits not shown yet; filled again once it is empty */
let left = [];

/**
 * Draw one of the ten, as a hand does, or at once if the user prefers no motion. Drawing or undoing meanwhile stops it.
 *
 * @param {import("./drawing.js").Drawing} drawing that is empty
 * @param {() => void} onChange called at each change
 */
export async function drawExample(drawing, onChange) {
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const [first, ...others] of nextDigit().map(pointsOf)) {
    drawing.begin(first, WIDTH, "ink");
    onChange();
    const stroke = drawing.lastStroke;
    for (const point of others) {
      if (!isStill) await delay(BETWEEN_POINTS);
      if (drawing.lastStroke !== stroke || !drawing.extend(point)) return; // an eraser that met nothing ends it as well
      onChange();
    }
    drawing.end();
  }
}

/** @returns {string[]} the strokes of a random one; no digit comes twice before all have come once */
function nextDigit() {
  if (!left.length) left = [...DIGITS];
  return left.splice(Math.floor(Math.random() * left.length), 1)[0];
}

/** @param {string} stroke @returns {import("./drawing.js").Point[]} */
function pointsOf(stroke) {
  return stroke.split(" ").map((point) => {
    const [x, y] = point.split(",").map((hundredths) => Number(hundredths) / 100);
    return { x, y };
  });
}
