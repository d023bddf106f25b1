/** Picture files from outside: chosen, dropped or pasted. */

import { words } from "./words.js";

/**
 * @param {{chooser: HTMLInputElement, target: HTMLElement, onPicture: (file: File) => void,
 *   onError: (sentence: string) => void}} options `target` is where files may be dropped
 */
export function acceptPictures({ chooser, target, onPicture, onError }) {
  /** @param {Iterable<File>} files */
  const take = (files) => {
    const [file] = files;
    // Without a type the browser does not know what it is; the server looks at the bytes.
    if (file && (!file.type || file.type.startsWith("image/"))) onPicture(file);
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
