/**
 * The drawing and the pen, for as long as their tab is open: a reload brings them back, and phones drop pages that
 * nobody looks at.
 *
 * @typedef {import("./drawing.js").Stroke} Stroke
 * @typedef {{strokes: Stroke[], colour: string, penSize: string}} Kept colour and penSize are the pen's, as their inputs
 *   have them
 */

const NAME = "drawing";

/** @param {Kept} drawing */
export function keep(drawing) {
  try {
    sessionStorage.removeItem(NAME); // rather none than an older one, where there is no room
    sessionStorage.setItem(NAME, JSON.stringify(drawing));
  } catch {
    // A browser that keeps nothing for us loses it, as it loses everything.
  }
}

/** @returns {Kept | null} null where nothing was kept, or nothing that this page understands */
export function kept() {
  try {
    const drawing = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
    return isDrawing(drawing) ? drawing : null;
  } catch {
    return null;
  }
}

/** @param {any} given @returns {given is Kept} */
function isDrawing({ strokes, colour, penSize }) {
  return strokes.every(isStroke) && typeof colour === "string" && typeof penSize === "string";
}

/** @param {any} given @returns {given is Stroke} */
function isStroke({ points, width, colour }) {
  const isPoint = (/** @type {any} */ { x, y }) => Number.isFinite(x) && Number.isFinite(y);
  return points.length > 0 && points.every(isPoint) && Number.isFinite(width) && typeof colour === "string";
}
