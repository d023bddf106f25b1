/** Time that passes. */

/** @param {number} milliseconds @returns {Promise<void>} */
export const delay = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** @param {number} milliseconds @returns {AbortSignal} as AbortSignal.timeout, which Safari 15 has not got */
export function abortedAfter(milliseconds) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), milliseconds);
  return stop.signal;
}
