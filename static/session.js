/**
 * The drawing and the pen, for as long as their tab is open: a reload brings them back, and phones drop pages that
 * nobody looks at.
 *
 * @typedef {import("./drawing.js").Stroke} Stroke
 * @typedef {{strokes: Stroke[], colour: string, penSize: string}} Saved colour and penSize are the pen's, as their inputs
 *   have them
 */

const NAME = "drawing";

/** @param {Saved} drawing */
export function saveDrawing(drawing) {
  try {
    sessionStorage.removeItem(NAME); // rather none than an older one, where there is no room
    sessionStorage.setItem(NAME, JSON.stringify(drawing));
  } catch {
    // A browser that keeps nothing for us loses it, as it loses everything.
  }
}

/** @returns {Saved | null} null where nothing was saved, or nothing that this page understands */
export function savedDrawing() {
  try {
    const drawing = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
    return isSaved(drawing) ? drawing : null;
  } catch {
    return null;
  }
}

/** @param {any} given @returns {given is Saved} */
function isSaved(given) {
  const { strokes, colour, penSize } = given;
  return strokes.every(isStroke) && typeof colour === "string" && typeof penSize === "string";
}

/** @param {any} given @returns {given is Stroke} */
function isStroke(given) {
  const { points, width, colour } = given;
  const isPoint = (/** @type {any} */ { x, y }) => Number.isFinite(x) && Number.isFinite(y);
  return points.length > 0 && points.every(isPoint) && Number.isFinite(width) && typeof colour === "string";
}
