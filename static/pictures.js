/** Picture files from outside: chosen, dropped or pasted. */

import { contextOf } from "./dom.js";
import { say, words } from "./words.js";

/**
 * @param {{chooser: HTMLInputElement, target: HTMLElement, onPictures: (files: File[]) => void,
 *   onError: (sentence: string) => void}} options `target` is marked while files are dragged over the page
 */
export function acceptPictures({ chooser, target, onPictures, onError }) {
  /** @param {Iterable<File>} files */
  const take = (files) => {
    // A file without a type is one that the browser does not know; the server looks at its bytes.
    const all = [...files];
    const pictures = all.filter((file) => !file.type || file.type.startsWith("image/"));
    if (pictures.length) onPictures(pictures);
    if (pictures.length === all.length) return;
    const names = all.filter((file) => !pictures.includes(file)).map(({ name }) => name);
    onError(pictures.length ? say(words.notAllPictures, { names: names.join(", ") }) : words.notAPicture);
  };

  chooser.addEventListener("change", () => {
    if (chooser.files?.length) take(chooser.files);
    chooser.value = ""; // so that choosing the same file again is a change too
  });

  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) take(event.clipboardData.files); // text is not meant for the pad
  });

  // On the whole page: a picture dropped just beside the pad would otherwise replace the page.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    target.toggleAttribute("data-dropping", brings(event, "Files"));
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) target.removeAttribute("data-dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    target.removeAttribute("data-dropping");
    const { files, folders } = dropped(event);
    if (files.length) take(files);
    if (folders) onError(words.isFolder);
    else if (!files.length && brings(event, "text/uri-list")) onError(words.saveFirst);
  });
}

/** @param {DragEvent} event @param {string} type @returns {boolean} */
const brings = (event, type) => event.dataTransfer?.types.includes(type) ?? false;

/** @param {DragEvent} event @returns {{files: File[], folders: number}} as a folder looks like a file without a type */
function dropped(event) {
  const items = [...(event.dataTransfer?.items ?? [])].filter(({ kind }) => kind === "file");
  const files = items.filter((item) => !item.webkitGetAsEntry()?.isDirectory).map((item) => item.getAsFile());
  return { files: files.filter((file) => file !== null), folders: items.length - files.length };
}

const LOOKED_AT = 32; // pixels, of a side
const OPAQUE = 250; // of 255

/**
 * Mark a picture that has transparent parts: white ink would not be seen on white paper, nor black on black.
 *
 * @param {HTMLImageElement} image already loaded @param {File} file that it shows
 */
export function markTransparent(image, file) {
  // JPEGs never have any; looking would decode all their pixels, and block the page meanwhile.
  image.toggleAttribute("data-transparent", file.type !== "image/jpeg" && isTransparent(image));
}

/** @param {HTMLImageElement} image @returns {boolean} true also if the browser forbids looking, as at SVG with HTML */
function isTransparent(image) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = LOOKED_AT;
  const context = contextOf(canvas);
  context.drawImage(image, 0, 0, LOOKED_AT, LOOKED_AT);
  try {
    const { data } = context.getImageData(0, 0, LOOKED_AT, LOOKED_AT);
    return data.some((value, index) => index % 4 === 3 && value < OPAQUE);
  } catch {
    return true;
  }
}
