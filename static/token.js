/** The Authorization header for a server that needs a token. The page finds it in its address, /#token=... */

/** @returns {Record<string, string>} the headers of a request */
export function authorization() {
  const token = given() ?? remembered();
  // A pasted link may end in a curly quote or a line break, which browsers do not send and no server would know.
  return token && /^[!-~]+$/.test(token) ? { Authorization: `Bearer ${token}` } : {};
}

/** @returns {string | null} */
function given() {
  const inHash = location.hash.slice(1).replaceAll("+", "%2B"); // a plus would be read as a space
  const token = new URLSearchParams(inHash).get("token");
  if (token) remember(token);
  return token;
}

/** While the tab is open, since links from other pages lead back here without it. @param {string} token */
function remember(token) {
  try {
    sessionStorage.setItem("token", token);
  } catch {
    // Some browsers store nothing for pages; then the address must have it each time.
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

given(); // at once, before the user leaves for another page
