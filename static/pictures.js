/** Picture files from outside: chosen, dropped or pasted. */

import { words } from "./words.js";

/**
 * @param {{chooser: HTMLInputElement, target: HTMLElement, onPictures: (files: File[]) => void,
 *   onError: (sentence: string) => void}} options `target` is where files may be dropped
 */
export function acceptPictures({ chooser, target, onPictures, onError }) {
  /** @param {Iterable<File>} files */
  const take = (files) => {
    // Without a type the browser does not know what it is; the server looks at the bytes.
    const pictures = [...files].filter((file) => !file.type || file.type.startsWith("image/"));
    if (pictures.length) onPictures(pictures);
    else onError(words.notAPicture);
  };

  chooser.addEventListener("change", () => {
    if (chooser.files.length) take(chooser.files);
    chooser.value = ""; // so that choosing the same file again is a change again
  });

  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) take(event.clipboardData.files); // text is not meant for the pad
  });

  // On the whole page, or a picture dropped a little beside the pad would replace the page.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    target.toggleAttribute("data-dropping", true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) target.removeAttribute("data-dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    target.removeAttribute("data-dropping");
    take(event.dataTransfer?.files ?? []);
  });
}

const LOOKED_AT = 32; // pixels, of a side
const OPAQUE = 250; // of 255

/**
 * Mark a picture that one looks through, once it is there: on white paper white ink would not be seen, nor black on
 * black.
 *
 * @param {HTMLImageElement} image
 */
export function markTransparent(image) {
  image.addEventListener("load", () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = LOOKED_AT;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, LOOKED_AT, LOOKED_AT);
    const { data } = context.getImageData(0, 0, LOOKED_AT, LOOKED_AT);
    image.toggleAttribute("data-transparent", data.some((value, index) => index % 4 === 3 && value < OPAQUE));
  });
}
