/** Pictures made fit to be sent: in a format that the server reads, and no larger than it looks at. */

import { contextOf } from "./dom.js";

const READ_BY_SERVER = ["image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp"];
const LARGE = 1_000_000; // bytes; a telephone's photographs have several times as many, and a slow line takes long
const LARGE_IF_LOSSLESS = 8_000_000; // bytes; that of a screen has fewer, and is sent as it is
const LONGEST_SIDE = 2_000; // pixels; more tells nothing about a digit
const WITHOUT_SIZE = 1_000; // pixels, of the sides of an SVG that tells none
const QUALITY = 0.9; // 0 to 1, of what is compressed

/** @type {WeakMap<Blob, Promise<Blob>>} what became of those that were converted, for they may be sent again */
const converted = new WeakMap();

/**
 * @param {Blob} file @returns {Promise<Blob>} AVIF, SVG or HEIC in a format that the server reads, where this browser
 *   knows it; a large picture made smaller, without its place and time; all else as it is
 */
export async function asSent(file) {
  const isLarge = file.size > (file.type === "image/jpeg" ? LARGE : LARGE_IF_LOSSLESS);
  if (isReadByServer(file) && !isLarge) return file;
  const done = converted.get(file) ?? drawnAnew(file, file.type === "image/jpeg" ? "image/jpeg" : "image/webp");
  converted.set(file, done);
  return done;
}

/** @param {Blob} file @returns {boolean} whether the server reads it as it is; without a type it looks at the bytes */
export const isReadByServer = (file) => !file.type || READ_BY_SERVER.includes(file.type);

/** @param {Blob} file @param {string} type @returns {Promise<Blob>} the file itself where the browser cannot */
async function drawnAnew(file, type) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    return (await encoded(image, type)) ?? file;
  } catch {
    return file;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/**
 * @param {HTMLImageElement} image that is there @param {string} type in place of which some browsers give PNG
 * @returns {Promise<Blob | null>} null where there is no memory for it
 */
function encoded(image, type) {
  const [width, height] = [image.naturalWidth || WITHOUT_SIZE, image.naturalHeight || WITHOUT_SIZE];
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  contextOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, type, QUALITY));
}
