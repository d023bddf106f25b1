/** Several pictures at once: a thumbnail of each, with its digit and how sure that is. */

import { looksLikeNone } from "./answer.js";
import { markTransparent } from "./pictures.js";
import { ask } from "./reader.js";
import { percent, say, words } from "./words.js";

export class Gallery {
  #panel = document.getElementById("gallery");
  #onChosen;
  #generation = 0;

  /** @param {(file: File) => void} onChosen told which picture is wanted large */
  constructor(onChosen) {
    this.#onChosen = onChosen;
  }

  /** @param {File[]} files read one after the other, in their order @param {File} chosen which of them is shown large */
  async show(files, chosen) {
    const generation = ++this.#generation;
    this.#clear();
    this.#panel.hidden = false;
    const captions = files.map((file) => this.#add(file));
    this.#mark(this.#panel.children[files.indexOf(chosen)]);
    for (const [index, file] of files.entries()) {
      const outcome = await ask("predict", file);
      if (generation !== this.#generation) return;
      captions[index].textContent = "error" in outcome ? outcome.error : inBrief(outcome.prediction);
    }
  }

  hide() {
    this.#generation++;
    this.#panel.hidden = true;
    this.#clear();
  }

  #clear() {
    for (const image of this.#panel.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    this.#panel.replaceChildren();
  }

  /** @param {Element} chosen the thumbnail of what is shown large */
  #mark(chosen) {
    for (const button of this.#panel.children) button.setAttribute("aria-pressed", String(button === chosen));
  }

  /** @param {File} file @returns {HTMLElement} where its answer goes */
  #add(file) {
    const [button, image, caption] = ["button", "img", "span"].map((name) => document.createElement(name));
    button.type = "button";
    button.title = file.name;
    markTransparent(image);
    image.addEventListener("error", () => {
      image.style.visibility = "hidden"; // the browser cannot show it; the server may read it all the same
    });
    image.src = URL.createObjectURL(file);
    image.alt = file.name;
    caption.textContent = "…";
    caption.setAttribute("role", "status");
    button.append(image, caption);
    button.addEventListener("click", () => {
      this.#mark(button);
      this.#onChosen(file);
    });
    this.#panel.append(button);
    return caption;
  }
}

/** @param {import("./reader.js").Prediction} prediction @returns {string} */
function inBrief(prediction) {
  const { digit, confidence, certain } = prediction;
  if (looksLikeNone(prediction)) return words.briefNoDigit;
  return say(certain ? words.brief : words.briefGuess, { digit, percent: percent(confidence) });
}
