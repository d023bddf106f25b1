/** The Authorization header for a server that demands a token, which the page finds in its address, /#token=... */

/** @returns {Record<string, string>} the headers of a request */
export function authorization() {
  const token = given() ?? remembered();
  // Of a link with a quotation mark or a line break at its end; a browser would not send it, nor a server know it.
  return token && /^[!-~]+$/.test(token) ? { Authorization: `Bearer ${token}` } : {};
}

/** @returns {string | null} */
function given() {
  const inHash = location.hash.slice(1).replaceAll("+", "%2B"); // which would be read as a blank
  const token = new URLSearchParams(inHash).get("token");
  if (token) remember(token);
  return token;
}

/** For as long as the tab is open, since the links of other pages lead back without it. @param {string} token */
function remember(token) {
  try {
    sessionStorage.setItem("token", token);
  } catch {
    // A browser that keeps nothing for us needs it in the address each time.
  }
}

/** @returns {string | null} */
function remembered() {
  try {
    return sessionStorage.getItem("token");
  } catch {
    return null;
  }
}

given(); // before the page is left for another
