/** Several pictures at once: a thumbnail of each, with its digit and how sure that is. */

import { looksLikeNone } from "./answer.js";
import { markTransparent } from "./pictures.js";
import { ask, pass, serverIsBack } from "./reader.js";
import { percent, say, words } from "./words.js";

export class Gallery {
  #panel = document.getElementById("gallery");
  #status = document.getElementById("gallery-status");
  #onChosen;
  #generation = 0;
  #stop = new AbortController();

  /** @param {(file: File) => void} onChosen told which picture is wanted large */
  constructor(onChosen) {
    this.#onChosen = onChosen;
  }

  /** @param {File[]} files read one after the other, in their order @param {File} chosen which of them is shown large */
  async show(files, chosen) {
    this.hide();
    const generation = this.#generation;
    this.#panel.hidden = false;
    const captions = files.map((file) => this.#add(file));
    this.#mark(this.#panel.children[files.indexOf(chosen)]);
    const isWanted = () => generation === this.#generation;
    for (const [index, file] of files.entries()) await this.#read(file, captions[index], isWanted);
    if (isWanted()) this.#status.textContent = say(words.allRead, { count: files.length });
  }

  /** @param {File} file asked about until there is an answer @param {HTMLElement} caption @param {() => boolean} isWanted */
  async #read(file, caption, isWanted) {
    while (isWanted()) {
      this.#stop = new AbortController();
      const outcome = await ask("predict", file, this.#stop);
      if (!isWanted()) return;
      caption.textContent = "error" in outcome ? outcome.error : inBrief(outcome.prediction);
      if ("error" in outcome && outcome.isGone) await serverIsBack();
      else if ("error" in outcome && outcome.askAgainIn) await pass(outcome.askAgainIn);
      else return;
    }
  }

  hide() {
    this.#generation++;
    this.#stop.abort();
    this.#status.textContent = "";
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
