/** The pens and the eraser, one of which is chosen, and the width of the line. */

import { allOf, byId } from "./dom.js";

export class Tools {
  #inputs = allOf("input[name=tool]", HTMLInputElement);
  #eraser = this.#inputs.find(({ value }) => value === "eraser") ?? this.#inputs[0];
  #penSize = byId("pen-size", HTMLInputElement);
  #colours = byId("colours", HTMLFieldSetElement);
  #lastPen = this.#inputs[0];
  #onShown;

  /** @param {{onTaken: () => void, onShown: () => void}} listener called when a tool is chosen, and when it is shown */
  constructor({ onTaken, onShown }) {
    this.#onShown = onShown;
    const take = () => {
      this.#remember();
      onTaken();
      this.show();
    };
    for (const each of this.#inputs) each.addEventListener("change", take);
    this.#penSize.addEventListener("input", () => this.show());
    addEventListener("pageshow", take); // on return, browsers restore what was chosen
  }

  /** @returns {import("./pad.js").Tool} */
  get chosen() {
    const colour = this.#inputs.find(({ checked }) => checked)?.value ?? "ink";
    return { width: Number(this.#penSize.value) / 100, colour, erases: this.#eraser.checked };
  }

  /** @returns {{colour: string, penSize: string}} the last chosen pen, as the values of its inputs */
  get pen() {
    return { colour: this.#lastPen.value, penSize: this.#penSize.value };
  }

  set pen({ colour, penSize }) {
    this.#penSize.value = penSize;
    for (const each of this.#inputs) each.checked = each.value === colour;
    this.#remember();
    this.show();
  }

  /** @param {boolean} isOffered if it is not, and is chosen, the last pen replaces it */
  offerEraser(isOffered) {
    this.#eraser.disabled = !isOffered;
    if (isOffered || !this.#eraser.checked) return;
    this.#lastPen.checked = true;
    this.show();
  }

  #remember() {
    this.#lastPen = this.#inputs.find((each) => each.checked && each !== this.#eraser) ?? this.#lastPen;
  }

  /** Show the width on the colour swatches. */
  show() {
    this.#colours.style.setProperty("--pen", this.#penSize.value);
    this.#onShown();
  }
}
