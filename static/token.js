/** What a server that answers only those who bear its token is told; the page is opened at /#token=... then. */

/** @returns {Record<string, string>} the headers of a request */
export function authorization() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  return token ? { Authorization: `Bearer ${token}` } : {};
}
