/** The command that sends what is on the pad from a terminal. */

import { authorization } from "./token.js";

/** @param {string} text @returns {string} quoted as one word for a POSIX shell */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @returns {string} the start of the command, with the token if the page has one */
const curl = () => ["curl", ...Object.entries(authorization()).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)].join(" ");

/** @param {string} url @param {[number, number][][]} strokes @returns {string} */
export function curlForStrokes(url, strokes) {
  // Not as an argument of curl, which is limited to 128 KiB; the shell's built-in printf is not.
  const json = `printf %s ${quoted(JSON.stringify({ strokes }))}`;
  return `${json} | ${curl()} -H 'Content-Type: application/json' -d @- ${quoted(url)}`;
}

/** @param {string} url @param {string} name of a file @returns {string} */
export function curlForPicture(url, name) {
  // The inner quotes are for curl itself: a name may have a comma or a semicolon in it.
  return `${curl()} -F ${quoted(`image=@"${name.replace(/["\\]/g, "\\$&")}"`)} ${quoted(url)}`;
}

/** @param {string} text @returns {Promise<boolean>} whether it is on the clipboard */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // browsers deny pages that came by plain HTTP the clipboard
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
