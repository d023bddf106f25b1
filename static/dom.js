/** The page's elements, each known to be of its kind. */

/**
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new TypeError(`#${id} is no ${kind.name}`);
}

/**
 * @template {HTMLElement} Kind
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind[]} of those that the selector selects, which are of that kind
 */
export function allOf(selector, kind) {
  return [...document.querySelectorAll(selector)].flatMap((element) => (element instanceof kind ? [element] : []));
}

/** @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
export const contextOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/**
 * Disabled in earnest it would pass the keyboard's focus on. The attribute, for older browsers do not know its property.
 *
 * @param {HTMLElement} control @param {boolean} isToBe
 */
export const setDisabled = (control, isToBe) => control.setAttribute("aria-disabled", String(isToBe));

/** @param {HTMLElement} control @returns {boolean} */
export const isDisabled = (control) => control.getAttribute("aria-disabled") === "true";
