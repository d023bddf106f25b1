/** Shows what went on inside the network: the layers' maps, and which pixels spoke for and against a digit. */

import { looksLikeNone } from "./answer.js";
import { cssColour, onOtherColours } from "./colours.js";
import { allOf, byId, contextOf, setText } from "./dom.js";
import { say, words } from "./words.js";

/**
 * @typedef {keyof typeof words["layer"]} LayerName
 * @typedef {{name: LayerName, shape: [number, number, number], maps: string, filters?: number[][][]}} Layer shape is the
 *   number of maps, their height and their width
 * @typedef {{digit: number, rather_than: number | null, pixels: number[][]}} Evidence
 * @typedef {import("./reader.js").Prediction & {layers: Layer[], evidence: Evidence}} Explanation
 * @typedef {number[]} Colour red, green and blue
 * @typedef {{light: Colour, against: Colour, mark: Colour}} Tints
 * @typedef {(x: number, y: number, tint: Colour, opacity: number) => void} Put colours a pixel
 */

const FAINTEST = 14; // of 255, so that an empty map still stands out from the gap beside it
const COLUMNS = { C1: 8, S2: 12, C3: 16, S4: 16, C5: 32, F6: 28, output: 10 };

const SQUARE = 4; // pixels of the canvas, along each side of a number that has a sign: evidence, or a filter's weight
const FILTER_GAP = 2; // pixels between a map and its filter

export class Inside {
  #panel = byId("inside", HTMLElement);
  #layers = byId("layers", HTMLElement);
  /** @type {Map<LayerName, HTMLCanvasElement>} */
  #canvases = new Map();
  #choices = allOf("#why button", HTMLButtonElement);
  #heat = byId("heat", HTMLCanvasElement);
  #seen = byId("heat-seen", HTMLImageElement);
  #sentence = byId("evidence", HTMLElement);
  #trouble = byId("inside-trouble", HTMLElement);
  #detail = byId("map-detail", HTMLCanvasElement);
  #detailCaption = byId("map-caption", HTMLElement);
  /** @type {Explanation | null} */
  #shown = null;
  #frame = 0;
  /** Whether the user has asked about a digit and is still waiting. */
  #isAsked = false;
  /** @type {{layer: LayerName, map: number}} the map that is enlarged */
  #enlarged = { layer: "C1", map: 0 };

  /** @param {(digit: number) => void} onDigit called with the digit whose evidence is wanted */
  constructor(onDigit) {
    onOtherColours(() => this.#draw());
    this.#choices.forEach((button, digit) => {
      button.setAttribute("aria-label", say(words.whyNot, { digit }));
      button.addEventListener("click", () => {
        for (const each of this.#choices) each.setAttribute("aria-pressed", String(each === button));
        this.#isAsked = true;
        this.#panel.setAttribute("aria-busy", "true");
        this.#sentence.setAttribute("aria-live", "polite"); // for this answer only: others come while drawing
        this.#sentence.textContent = words.pending;
        onDigit(digit);
      });
    });
  }

  /** @param {string} sentence shown instead of an explanation */
  clear(sentence) {
    this.#shown = null;
    this.#stopAsking();
    this.#panel.dataset.state = "empty";
    this.#sentence.setAttribute("aria-live", "off"); // nobody waits for it any more, and it may come again and again
    this.#sentence.textContent = sentence;
    this.#trouble.textContent = "";
    for (const button of this.#choices) button.disabled = true;
  }

  /** An explanation can be had now. */
  expect() {
    if (this.#shown) return;
    this.#sentence.textContent = words.pending;
    this.#trouble.textContent = "";
  }

  /** @param {string} sentence why an explanation did not come; the previous one stays */
  showTrouble(sentence) {
    this.#stopAsking();
    if (!this.#shown) this.#sentence.textContent = ""; // as nothing is being read any more
    this.#draw(); // so that the pressed button is again that of the digit on show
    this.#trouble.textContent = sentence;
  }

  /** @param {Explanation} explanation */
  show(explanation) {
    this.#shown = explanation;
    if (!this.#isAsked) this.#sentence.setAttribute("aria-live", "off");
    this.#stopAsking();
    this.#trouble.textContent = "";
    this.#drawSoon();
  }

  #stopAsking() {
    this.#isAsked = false;
    this.#panel.removeAttribute("aria-busy");
  }

  /** At most once a frame, however fast the answers come. */
  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    if (!this.#shown) return;
    const { layers, seen } = this.#shown;
    const tints = { light: rgb(cssColour("accent")), against: rgb(cssColour("warning")), mark: rgb(cssColour("text")) };
    this.#panel.dataset.state = "shown";
    if (seen) this.#seen.src = seen;
    for (const layer of layers) this.#drawLayer(layer, tints);
    if (!this.#isAsked) this.#drawEvidence(this.#shown, tints); // else old evidence would look like the answer
    this.#drawDetail(tints);
  }

  /** @param {Explanation} explanation @param {Tints} tints */
  #drawEvidence(explanation, tints) {
    const { digit, rather_than, pixels } = explanation.evidence;
    const isNone = looksLikeNone(explanation);
    paint(this.#heat, 28 * SQUARE, 28 * SQUARE, (put) => drawSigned(pixels, 0, tints, put));
    const ofBest = isNone ? words.speaksForNearest : words.speaksFor;
    setText(
      this.#sentence,
      rather_than === null ? say(ofBest, { digit }) : say(words.speaksForRather, { digit, answer: rather_than }),
    );
    this.#choices.forEach((button, each) => {
      const isAnswer = !isNone && each === (rather_than ?? digit);
      button.disabled = false;
      button.setAttribute("aria-label", say(isAnswer ? words.why : words.whyNot, { digit: each }));
      button.setAttribute("aria-pressed", String(each === digit));
    });
  }

  /** @param {Layer} layer @param {Tints} tints */
  #drawLayer(layer, { light, mark }) {
    const { name, shape } = layer;
    const [count, height, width] = shape;
    const [columns, gap] = [COLUMNS[name], width > 1 ? 1 : 0];
    const rows = Math.ceil(count / columns);
    const values = bytes(layer.maps);
    paint(this.#canvasOf(layer), columns * (width + gap) + gap, rows * (height + gap) + gap, (put) => {
      for (let map = 0, at = 0; map < count; map++) {
        const [left, top] = [gap + (map % columns) * (width + gap), gap + Math.floor(map / columns) * (height + gap)];
        const isMarked = gap && this.#isEnlarged(name, map);
        if (isMarked) fill(left - 1, top - 1, width + 2, height + 2, (x, y) => put(x, y, mark, 255));
        fill(left, top, width, height, (x, y) => put(x, y, light, opacity(values[at++])));
      }
    });
  }

  /** @param {LayerName} name @param {number} map @returns {boolean} */
  #isEnlarged(name, map) {
    return this.#enlarged.layer === name && this.#enlarged.map === map;
  }

  /** @param {Layer} layer @returns {HTMLCanvasElement} made at the first call */
  #canvasOf({ name, shape }) {
    const known = this.#canvases.get(name);
    if (known) return known;
    const [, height, width] = shape;
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    const caption = document.createElement("figcaption");
    canvas.dataset.layer = name;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words.layer[name]);
    caption.textContent = words.layer[name];
    figure.append(canvas, ...(name === "output" ? [digitsBelow()] : []), caption);
    this.#layers.append(figure);
    this.#canvases.set(name, canvas);
    if (height * width > 1) this.#letEnlarge(canvas, name); // a map of one pixel shows no more when enlarged
    return canvas;
  }

  /** @param {HTMLCanvasElement} canvas of a layer @param {LayerName} name */
  #letEnlarge(canvas, name) {
    const columns = COLUMNS[name];
    const enlarge = (/** @type {PointerEvent} */ event) => {
      // Pointing shows the map, and a screen reader would read out every map on the way.
      this.#detailCaption.setAttribute("aria-live", "off");
      const box = canvas.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
      const row = Math.floor(((event.clientY - box.top) / box.height) * Math.ceil(this.#countOf(name) / columns));
      this.#enlarge(name, row * columns + column);
    };
    canvas.tabIndex = 0;
    canvas.addEventListener("focus", () => {
      const isByKeyboard = canvas.matches(":focus-visible");
      if (isByKeyboard && this.#enlarged.layer !== name) this.#enlarge(name, 0);
    });
    canvas.addEventListener("pointermove", enlarge);
    canvas.addEventListener("pointerdown", enlarge);
    canvas.addEventListener("keydown", (event) => {
      const steps = new Map([["ArrowLeft", -1], ["ArrowRight", 1], ["ArrowUp", -columns], ["ArrowDown", columns]]);
      const step = steps.get(event.key);
      if (!step) return;
      event.preventDefault();
      this.#detailCaption.setAttribute("aria-live", "polite");
      this.#enlarge(name, (this.#enlarged.layer === name ? this.#enlarged.map : 0) + step);
    });
  }

  /** @param {LayerName} name @returns {number} how many maps it has; that depends on the weights */
  #countOf(name) {
    return this.#shown?.layers.find((each) => each.name === name)?.shape[0] ?? 0;
  }

  /** @param {LayerName} layer @param {number} map */
  #enlarge(layer, map) {
    if (map < 0 || map >= this.#countOf(layer) || this.#isEnlarged(layer, map)) return;
    this.#enlarged = { layer, map };
    this.#drawSoon();
  }

  /** @param {Tints} tints */
  #drawDetail(tints) {
    const { layer: name } = this.#enlarged;
    const layer = this.#shown?.layers.find((each) => each.name === name);
    if (!layer) return;
    const [count, height, width] = layer.shape;
    const map = Math.min(this.#enlarged.map, count - 1);
    const values = bytes(layer.maps).subarray(map * height * width);
    const filter = layer.filters?.[map];
    const side = filter ? filter.length * SQUARE + FILTER_GAP : 0;
    paint(this.#detail, width + side, height, (put) => {
      fill(0, 0, width, height, (x, y) => put(x, y, tints.light, opacity(values[y * width + x])));
      if (filter) drawSigned(filter, width + FILTER_GAP, tints, put);
    });
    const caption = say(filter ? words.mapAndFilter : words.map, { layer: name, number: map + 1, count });
    setText(this.#detailCaption, caption);
  }
}

/** @returns {HTMLElement} the digits that the output's ten values stand for */
function digitsBelow() {
  const row = document.createElement("div");
  row.className = "outputs";
  row.setAttribute("aria-hidden", "true"); // the layer's name says so
  for (let digit = 0; digit < 10; digit++) {
    const name = document.createElement("span");
    name.textContent = String(digit);
    row.append(name);
  }
  return row;
}

/** @param {string} text base64 @returns {Uint8Array} */
const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** @param {string} hex #rrggbb @returns {Colour} */
const rgb = (hex) => [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));

/** @param {number} value 0 to 255 @returns {number} at least `FAINTEST`, and 255 for 255 */
const opacity = (value) => FAINTEST + value * (1 - FAINTEST / 255);

/**
 * Draws each of `values` as a square. Those below zero are hatched, so that they can be told without colours, too.
 * @param {number[][]} values the strongest is opaque @param {number} left @param {Tints} tints @param {Put} put
 */
function drawSigned(values, left, { light, against }, put) {
  const strongest = Math.max(...values.flat().map(Math.abs), 1e-6);
  values.forEach((row, down) => row.forEach((value, across) => {
    const [tint, opacity] = [value > 0 ? light : against, (Math.abs(value) / strongest) * 255];
    fill(left + across * SQUARE, down * SQUARE, SQUARE, SQUARE, (x, y) => {
      if (value > 0 || isHatched(x, y)) put(x, y, tint, opacity);
    });
  }));
}

/** @param {number} x @param {number} y @returns {boolean} whether a stripe of the hatching goes through that pixel */
const isHatched = (x, y) => (x + y) % SQUARE < SQUARE / 2;

/**
 * @param {number} left @param {number} top @param {number} width @param {number} height of a part of a canvas
 * @param {(x: number, y: number) => void} put called for each pixel of it, row by row
 */
function fill(left, top, width, height, put) {
  for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) put(x, y);
}

/**
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 * @param {(put: Put) => void} draw puts the pixels
 */
function paint(canvas, width, height, draw) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = contextOf(canvas);
  const image = context.createImageData(width, height);
  const { data } = image;
  draw((x, y, tint, opacity) => {
    const at = (y * width + x) * 4;
    data[at] = tint[0];
    data[at + 1] = tint[1];
    data[at + 2] = tint[2];
    data[at + 3] = opacity;
  });
  context.putImageData(image, 0, 0);
}
