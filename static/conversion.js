/** Pictures in formats that this browser knows and the server does not: AVIF, SVG, or HEIC on a Mac. */

import { contextOf } from "./dom.js";

const READ_BY_SERVER = ["image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp"];
const LONGEST_SIDE = 2_000; // pixels
const WITHOUT_SIZE = 1_000; // pixels, of the sides of an SVG that tells none

/** @type {WeakMap<Blob, Promise<Blob>>} those that were converted, for they may be sent again */
const converted = new WeakMap();

/** @param {Blob} file @returns {Promise<Blob>} as a PNG where the server would not read it, and the browser can */
export async function asServerReads(file) {
  // Without a type the browser does not know what it is; the server looks at the bytes.
  if (!file.type || READ_BY_SERVER.includes(file.type)) return file;
  const png = converted.get(file) ?? asPng(file);
  converted.set(file, png);
  return png;
}

/** @param {Blob} file @returns {Promise<Blob>} itself where the browser does not know it either */
async function asPng(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    return (await drawn(image)) ?? file;
  } catch {
    return file;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** @param {HTMLImageElement} image that is there @returns {Promise<Blob | null>} null where there is no memory for it */
function drawn(image) {
  const [width, height] = [image.naturalWidth || WITHOUT_SIZE, image.naturalHeight || WITHOUT_SIZE];
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  contextOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done));
}
