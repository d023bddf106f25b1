/**
 * Keeps the drawing and the pen while the tab is open, for reloads, and because phones drop pages in the background.
 *
 * @typedef {import("./drawing.js").Stroke} Stroke
 * @typedef {{strokes: Stroke[], colour: string, penSize: string}} Saved colour and penSize are the values of the
 *   pen's inputs
 */

const NAME = "drawing";

/** @param {Saved} drawing */
export function saveDrawing(drawing) {
  try {
    sessionStorage.removeItem(NAME); // if there is no room, no drawing is better than an old one
    sessionStorage.setItem(NAME, JSON.stringify(drawing));
  } catch {
    // Some browsers store nothing for pages; then the drawing is not kept.
  }
}

/** @returns {Saved | null} null if nothing was saved, or nothing that this page understands */
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
