/** Waiting, and giving up after a while. */

/** @param {number} milliseconds @returns {Promise<void>} */
export const delay = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** @param {number} milliseconds @returns {AbortSignal} like AbortSignal.timeout, which Safari 15 lacks */
export function abortedAfter(milliseconds) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), milliseconds);
  return stop.signal;
}
