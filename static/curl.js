/** The command that sends what is on the pad from a terminal. */

import { authorization } from "./token.js";

/** @param {string} text @returns {string} as one word of a POSIX shell */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @returns {string} the command's beginning, with the token where the page bears one */
const curl = () => ["curl", ...Object.entries(authorization()).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)].join(" ");

/** @param {string} url @param {[number, number][][]} strokes @returns {string} */
export function curlForStrokes(url, strokes) {
  // Not as an argument of curl's, which may have no more than 128 KiB; the shell's own printf takes any number.
  const json = `printf %s ${quoted(JSON.stringify({ strokes }))}`;
  return `${json} | ${curl()} -H 'Content-Type: application/json' -d @- ${quoted(url)}`;
}

/** @param {string} url @param {string} name of a file @returns {string} */
export function curlForPicture(url, name) {
  // A quote around the name is curl's own, for names with a comma or a semicolon.
  return `${curl()} -F ${quoted(`image=@"${name.replace(/["\\]/g, "\\$&")}"`)} ${quoted(url)}`;
}

/** @param {string} text @returns {Promise<boolean>} whether it is on the clipboard */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // browsers keep the clipboard from pages that came by plain HTTP
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return copied;
}
