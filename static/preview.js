/** The picture that is being read, shown large instead of the drawing. */

import { byId } from "./dom.js";
import { markTransparent } from "./pictures.js";
import { say, words } from "./words.js";

export class Preview {
  #image = byId("picture", HTMLImageElement);
  #notShown = byId("not-shown", HTMLElement);
  /** @type {File | null} */
  #file = null;

  constructor() {
    this.#image.addEventListener("load", () => this.#file && markTransparent(this.#image, this.#file));
    this.#image.addEventListener("error", () => {
      if (!this.#file) return;
      this.#image.hidden = true; // the browser cannot show it, but the server may be able to read it
      this.#notShown.hidden = false;
      this.#notShown.textContent = say(words.cannotBeShown, { name: this.#file.name });
    });
  }

  get file() {
    return this.#file;
  }

  /** @param {File | null} file null hides the preview */
  show(file) {
    this.#file = file;
    URL.revokeObjectURL(this.#image.src);
    this.#image.removeAttribute("src");
    this.#image.hidden = !file;
    this.#notShown.hidden = true;
    if (file) this.#image.src = URL.createObjectURL(file);
  }
}
