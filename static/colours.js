/** The page's colours, as CSS has them for the present scheme, and for paper where the page is printed. */

const DARK = matchMedia("screen and (prefers-color-scheme: dark)");

/** @param {string} name of a CSS variable, without its dashes @returns {string} */
export const cssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** @param {() => void} repaint called at once, since a page that is being printed has no next frame */
export const onOtherColours = (repaint) => DARK.addEventListener("change", repaint);
