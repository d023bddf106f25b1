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

  document.addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));

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
