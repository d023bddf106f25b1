/** Shows what went on inside the network: the layers' maps, and what spoke for which digit. */

import { words } from "./words.js";

/**
 * @typedef {{name: string, shape: [number, number, number], maps: string, filters?: number[][][]}} Layer
 * @typedef {{digit: number, rather_than: number | null, pixels: number[][]}} Evidence
 * @typedef {import("./reader.js").Prediction & {layers: Layer[], evidence: Evidence}} Explanation
 */

const COLUMNS = { C1: 8, S2: 8, C3: 16, S4: 16, C5: 32, F6: 28, output: 10 };

/** @param {string} id */
const byId = (id) => document.getElementById(id);

export class Inside {
  #panel = /** @type {HTMLDetailsElement} */ (byId("inside"));
  #layers = byId("layers");
  #choices = [...document.querySelectorAll("#why button")];
  #heat = /** @type {HTMLCanvasElement} */ (byId("heat"));
  #seen = /** @type {HTMLImageElement} */ (byId("heat-seen"));
  #sentence = byId("evidence");
  #detail = /** @type {HTMLCanvasElement} */ (byId("map-detail"));
  #detailCaption = byId("map-caption");
  /** @type {Explanation | null} */
  #shown = null;
  /** @type {{layer: string, map: number}} what is enlarged */
  #enlarged = { layer: "C1", map: 0 };

  /**
   * @param {() => void} onWanted told when an explanation is wanted that was not before
   * @param {(digit: number) => void} onDigit told for which digit the evidence is wanted
   */
  constructor(onWanted, onDigit) {
    this.#panel.addEventListener("toggle", () => this.isWanted && onWanted());
    this.#choices.forEach((button, digit) => button.addEventListener("click", () => onDigit(digit)));
  }

  get isWanted() {
    return this.#panel.open;
  }

  clear() {
    this.#shown = null;
    this.#panel.dataset.state = "empty";
    this.#sentence.textContent = words.nothingInside;
    for (const button of this.#choices) button.disabled = true;
  }

  /** @param {Explanation} explanation */
  show(explanation) {
    this.#shown = explanation;
    this.#panel.dataset.state = "shown";
    for (const layer of explanation.layers) this.#drawLayer(layer);
    this.#drawEvidence(explanation.evidence, explanation.seen);
    this.#drawDetail();
  }

  /** @param {Evidence} evidence @param {string} seen */
  #drawEvidence({ digit, rather_than, pixels }, seen) {
    this.#seen.src = seen;
    const strongest = Math.max(...pixels.flat().map(Math.abs), 1e-6);
    const [speaksFor, against] = [colour("--accent"), colour("--warning")];
    paint(this.#heat, 28, 28, (x, y) => {
      const share = pixels[y][x] / strongest;
      return [...(share > 0 ? speaksFor : against), Math.abs(share) * 255];
    });
    this.#sentence.textContent = rather_than === null ? words.speaksFor(digit) : words.speaksForRather(digit, rather_than);
    this.#choices.forEach((button, each) => {
      button.disabled = false;
      button.setAttribute("aria-pressed", String(each === digit));
    });
  }

  /** @param {Layer} layer */
  #drawLayer(layer) {
    const { name, shape } = layer;
    const canvas = this.#canvasOf(layer);
    const [count, height, width] = shape;
    const [columns, gap] = [COLUMNS[name], width > 1 ? 1 : 0];
    const rows = Math.ceil(count / columns);
    const values = bytes(layer.maps);
    const light = colour("--accent");
    paint(canvas, columns * (width + gap) - gap, rows * (height + gap) - gap, (x, y) => {
      const [column, row] = [Math.floor(x / (width + gap)), Math.floor(y / (height + gap))];
      const [left, top] = [x - column * (width + gap), y - row * (height + gap)];
      const map = row * columns + column;
      const isGap = left >= width || top >= height || map >= count;
      return [...light, isGap ? 0 : values[(map * height + top) * width + left]];
    });
  }

  /** @param {Layer} layer @returns {HTMLCanvasElement} made at the first call */
  #canvasOf({ name, shape }) {
    const known = this.#layers.querySelector(`canvas[data-layer="${name}"]`);
    if (known) return /** @type {HTMLCanvasElement} */ (known);
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    const caption = document.createElement("figcaption");
    canvas.dataset.layer = name;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words.layer[name]);
    caption.textContent = words.layer[name];
    figure.append(canvas, caption);
    this.#layers.append(figure);
    const enlarge = (/** @type {PointerEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      const columns = COLUMNS[name];
      const rows = Math.ceil(shape[0] / columns);
      const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
      const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
      this.#enlarge(name, row * columns + column, shape[0]);
    };
    canvas.addEventListener("pointermove", enlarge);
    canvas.addEventListener("pointerdown", enlarge);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS[name], ArrowDown: COLUMNS[name] }[event.key];
      if (!step) return;
      event.preventDefault();
      const from = this.#enlarged.layer === name ? this.#enlarged.map : 0;
      this.#enlarge(name, from + step, shape[0]);
    });
    return canvas;
  }

  /** @param {string} layer @param {number} map @param {number} count */
  #enlarge(layer, map, count) {
    if (map < 0 || map >= count) return;
    this.#enlarged = { layer, map };
    this.#drawDetail();
  }

  #drawDetail() {
    const { layer: name, map } = this.#enlarged;
    const layer = this.#shown?.layers.find((each) => each.name === name);
    if (!layer) return;
    const [, height, width] = layer.shape;
    const values = bytes(layer.maps);
    const filter = layer.filters?.[map];
    const side = filter ? 3 : 0;
    const strongest = filter ? Math.max(...filter.flat().map(Math.abs), 1e-6) : 1;
    const [light, against] = [colour("--accent"), colour("--warning")];
    // The filter stands beside its map, each of its nine weights as large as four of the map's pixels.
    const scale = 4;
    paint(this.#detail, width + (side ? side * scale + 2 : 0), height, (x, y) => {
      if (x < width) return [...light, values[(map * height + y) * width + x]];
      const [column, row] = [Math.floor((x - width - 2) / scale), Math.floor(y / scale)];
      if (column < 0 || row >= side || x < width + 2) return [0, 0, 0, 0];
      const weight = filter[row][column] / strongest;
      return [...(weight > 0 ? light : against), Math.abs(weight) * 255];
    });
    this.#detailCaption.textContent = words.map(name, map + 1, Boolean(filter));
  }
}

/** @param {string} text base64 @returns {Uint8Array} */
const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** @param {string} name of a CSS variable that holds #rrggbb @returns {[number, number, number]} */
function colour(name) {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((start) => Number.parseInt(value.slice(start, start + 2), 16));
}

/**
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 * @param {(x: number, y: number) => number[]} pixel red, green, blue and opacity
 */
function paint(canvas, width, height, pixel) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) image.data.set(pixel(x, y), (y * width + x) * 4);
  context.putImageData(image, 0, 0);
}
