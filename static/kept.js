/** The drawing, for as long as its tab is open: a reload brings it back, and phones drop pages that nobody looks at. */

/** @typedef {import("./drawing.js").Stroke} Stroke */

const NAME = "drawing";

/** @param {readonly Stroke[]} strokes */
export function keep(strokes) {
  try {
    sessionStorage.removeItem(NAME); // rather none than an older one, where there is no room
    sessionStorage.setItem(NAME, JSON.stringify(strokes));
  } catch {
    // A browser that keeps nothing for us loses it, as it loses everything.
  }
}

/** @returns {Stroke[]} none where nothing was kept, or nothing that this page understands */
export function kept() {
  try {
    const strokes = JSON.parse(sessionStorage.getItem(NAME) ?? "[]");
    return strokes.every(isStroke) ? strokes : [];
  } catch {
    return [];
  }
}

/** @param {any} given @returns {given is Stroke} */
function isStroke({ points, width, colour }) {
  const isPoint = (/** @type {any} */ { x, y }) => Number.isFinite(x) && Number.isFinite(y);
  return points.length > 0 && points.every(isPoint) && Number.isFinite(width) && typeof colour === "string";
}
