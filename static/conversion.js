/** Makes pictures fit to be sent: in a format that the server reads, and not needlessly large. */

import { contextOf } from "./dom.js";

const READ_BY_SERVER = ["image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp"];
const LARGE = 1_000_000; // bytes; phone photographs are several times larger, and slow to send on a slow line
const LARGE_IF_LOSSLESS = 8_000_000; // bytes; a screenshot is smaller, and is sent as it is
const LONGEST_SIDE = 2_000; // pixels; more would not show a digit better
const WITHOUT_SIZE = 1_000; // pixels, for an SVG that gives no size
const QUALITY = 0.9; // 0 to 1, of the compressed picture
const [PROBE, SLIGHT] = [8, 16]; // pixels, of a side; of 255, as some browsers change pixels by what nobody sees

/** @type {WeakMap<Blob, Promise<Blob>>} conversions by file, since a file may be sent again */
const converted = new WeakMap();

/**
 * @param {Blob} file @returns {Promise<Blob>} AVIF, SVG or HEIC in a format that the server reads, if this browser
 *   knows it; a large picture made smaller, without its place and time; everything else as it is
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

/** @param {Blob} file @param {string} type @returns {Promise<Blob>} the file itself if the browser cannot convert it */
async function drawnAnew(file, type) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    if (!givesWhatIsDrawn()) return file;
    await image.decode();
    return (await encoded(image, type)) ?? file;
  } catch {
    return file;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** @returns {boolean} false in a browser that gives noise instead, as LibreWolf and Tor do against fingerprinting */
function givesWhatIsDrawn() {
  const context = contextOf(document.createElement("canvas"));
  context.fillRect(0, 0, PROBE, PROBE);
  const { data } = context.getImageData(0, 0, PROBE, PROBE);
  return data.every((value, index) => Math.abs(value - (index % 4 === 3 ? 255 : 0)) <= SLIGHT);
}

/**
 * @param {HTMLImageElement} image already loaded @param {string} type some browsers give PNG instead
 * @returns {Promise<Blob | null>} null if there is not enough memory
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
