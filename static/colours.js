/** The page's colours, from CSS: for the current scheme, or for paper when the page is printed. */

const DARK = matchMedia("screen and (prefers-color-scheme: dark)");

/** @param {string} name of a CSS variable, without its dashes @returns {string} */
export const cssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** @param {() => void} repaint called at once, not in the next frame: a page being printed has none */
export const onOtherColours = (repaint) => DARK.addEventListener("change", repaint);
