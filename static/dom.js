/** Finds the page's elements, and checks that each is of the expected kind. */

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
 * @returns {Kind[]} the elements that match the selector and are of that kind
 */
export function allOf(selector, kind) {
  return [...document.querySelectorAll(selector)].flatMap((element) => (element instanceof kind ? [element] : []));
}

/** @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
export const contextOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/**
 * Screen readers would repeat what is set to the same text again.
 *
 * @param {HTMLElement} element @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A control that is really disabled would lose keyboard focus. An attribute, as older browsers lack the property.
 *
 * @param {HTMLElement} control @param {boolean} isToBe
 */
export const setDisabled = (control, isToBe) => control.setAttribute("aria-disabled", String(isToBe));

/** @param {HTMLElement} control @returns {boolean} */
export const isDisabled = (control) => control.getAttribute("aria-disabled") === "true";
