/** Several pictures at once: a thumbnail of each, with its digit and how certain that is. */

import { looksLikeNone } from "./answer.js";
import { byId, setText } from "./dom.js";
import { markTransparent } from "./pictures.js";
import { ask, serverIsBack } from "./reader.js";
import { delay } from "./time.js";
import { percent, say, words } from "./words.js";

/**
 * @typedef {import("./drawing.js").Pictures} Pictures
 * @typedef {import("./reader.js").Outcome} Outcome
 * @typedef {import("./reader.js").Prediction} Prediction
 * @typedef {{button: HTMLButtonElement, caption: HTMLElement, mark: HTMLElement, wasTriedAgain: boolean,
 *   state: "unread" | "asked" | "read" | "refused" | "failed"}} Tile refused: the picture itself cannot be read;
 *   failed: it may be read later; wasTriedAgain: whether it was asked about a second time, as that might help; mark
 *   shows its correction
 */

const BEFORE_AGAIN = 1_000; // milliseconds
const AT_A_TIME = 3; // requests, so that a distant server is not idle while its answers travel

/** @type {File[]} */
const NONE = [];

export class Gallery {
  #panel = byId("gallery", HTMLElement);
  #tilesPanel = byId("tiles", HTMLElement);
  #progress = byId("progress", HTMLElement);
  #status = byId("gallery-status", HTMLElement);
  #which = byId("which", HTMLElement);
  #onChosen;
  #files = NONE;
  /** @type {Map<File, Tile>} */
  #tiles = new Map();
  /** @type {WeakMap<File, Prediction>} of pictures that were read, for when undoing brings them back */
  #known = new WeakMap();
  #labelOf;
  /** @type {File | null} the one that is shown large, which main.js has read */
  #large = null;
  #readers = 0;
  /** @type {Set<AbortController>} one for each unanswered request, to stop it */
  #asked = new Set();

  /**
   * @param {(file: File) => void} onChosen called with the picture to show large
   * @param {(file: File) => number | undefined} labelOf gives the digit that the user said was right, if any
   */
  constructor(onChosen, labelOf) {
    this.#onChosen = onChosen;
    this.#labelOf = labelOf;
    this.#tilesPanel.addEventListener("keydown", (event) => this.#goTo(event));
  }

  /** Go from the large picture to the one that a key asks for. @param {KeyboardEvent} event */
  #goTo(event) {
    const [now, last] = [this.#files.findIndex((file) => file === this.#large), this.#files.length - 1];
    const row = this.#columns();
    const places = new Map([
      ["ArrowLeft", now - 1],
      ["ArrowUp", now - row],
      ["ArrowRight", now + 1],
      ["ArrowDown", now + row],
      ["Home", 0],
      ["End", last],
    ]);
    const file = this.#files[places.get(event.key) ?? -1];
    if (!file || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#onChosen(file);
    this.#tiles.get(file)?.button.focus();
  }

  /** @returns {number} how many tiles there are in a row; 1 if all are in one row, where down means next */
  #columns() {
    const heights = [...this.#tiles.values()].map(({ button }) => button.offsetTop);
    const below = heights.findIndex((height) => height > heights[0]);
    return below === -1 ? 1 : below;
  }

  /** @param {Pictures | null} pictures a single one needs no gallery */
  show(pictures) {
    const files = pictures && pictures.all.length > 1 ? pictures.all : NONE;
    if (files !== this.#files) this.#replace(files);
    this.#large = pictures && pictures.large;
    const number = files.findIndex((file) => file === this.#large) + 1;
    const name = this.#large?.name ?? "";
    this.#which.textContent = number ? say(words.ofMany, { number, count: files.length, name }) : "";
    for (const [file, { button }] of this.#tiles) {
      button.setAttribute("aria-pressed", String(file === this.#large));
      button.tabIndex = file === this.#large ? 0 : -1; // the arrow keys lead to the others
    }
    this.#readOthers();
  }

  /** @param {File} file in the gallery, or not @param {Outcome} outcome of reading it */
  tell(file, outcome) {
    const tile = this.#tiles.get(file);
    if (!tile || ("error" in outcome && (outcome.isGone || outcome.askAgainIn))) return; // it will be read later
    if ("error" in outcome && tile.state === "read") return; // asked about again, as the large one: its answer stands
    if ("error" in outcome) {
      tile.state = outcome.isTransient || outcome.isForToken ? "failed" : "refused";
      tile.button.title = `${file.name}\n${outcome.error}`;
      tile.caption.textContent = words.briefNotRead;
    } else {
      tile.state = "read";
      this.#known.set(file, outcome.prediction);
      tile.button.title = file.name;
      tile.caption.textContent = inBrief(outcome.prediction);
    }
    this.#tellProgress();
  }

  /** Show the right digit of a corrected picture. @param {File} file in the gallery, or not */
  mark(file) {
    const [tile, digit] = [this.#tiles.get(file), this.#labelOf(file)];
    if (tile && digit !== undefined) tile.mark.textContent = say(words.briefKept, { digit });
  }

  /** @param {File} file @returns {Prediction | null} what it was read as, if it was */
  predictionOf(file) {
    return this.#known.get(file) ?? null;
  }

  /** Read again what failed and may succeed now. */
  tryAgain() {
    for (const tile of this.#tiles.values()) {
      if (tile.state === "failed") tile.state = "unread";
      tile.wasTriedAgain = false;
    }
    this.#readOthers();
  }

  /** Shown at every step, but spoken by screen readers only at the end. */
  #tellProgress() {
    const [count, read] = [this.#files.length, this.#count("read")];
    const unread = this.#count("unread") + this.#count("asked");
    if (!unread) setText(this.#status, say(read < count ? words.someRead : words.allRead, { count, read }));
    const soFar = say(words.readSoFar, { count, done: count - unread });
    this.#progress.textContent = unread ? soFar : this.#status.textContent;
  }

  /** @param {Tile["state"]} state @returns {number} how many pictures are in it */
  #count(state) {
    return [...this.#tiles.values()].filter((tile) => tile.state === state).length;
  }

  /** Read the pictures that are not large, a few at a time, in order. */
  #readOthers() {
    while (this.#readers < AT_A_TIME && this.#nextOther()) this.#readOneByOne();
  }

  async #readOneByOne() {
    this.#readers++;
    for (let file = this.#nextOther(); file; file = this.#nextOther()) await this.#read(file);
    this.#readers--;
  }

  #nextOther() {
    return this.#files.find((file) => file !== this.#large && this.#tiles.get(file)?.state === "unread");
  }

  /** @param {File} file */
  async #read(file) {
    const tile = /** @type {Tile} */ (this.#tiles.get(file));
    tile.state = "asked";
    const stop = new AbortController();
    this.#asked.add(stop);
    const outcome = await ask({ url: "predict", picture: file }, stop);
    this.#asked.delete(stop);
    if (tile !== this.#tiles.get(file)) return;
    const isToBeTriedAgain = "error" in outcome && Boolean(outcome.isTransient) && !tile.wasTriedAgain;
    tile.wasTriedAgain ||= isToBeTriedAgain;
    if (isToBeTriedAgain) await delay(BEFORE_AGAIN);
    if (tile.state === "asked") tile.state = "unread"; // unless it was read meanwhile, as the large one
    if (isToBeTriedAgain) return;
    this.tell(file, outcome);
    if ("error" in outcome && outcome.isGone) await serverIsBack();
    else if ("error" in outcome && outcome.askAgainIn) await delay(outcome.askAgainIn);
  }

  /** @param {File[]} files */
  #replace(files) {
    for (const stop of this.#asked) stop.abort();
    for (const image of this.#tilesPanel.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    this.#files = files;
    this.#tiles = new Map(files.map((file) => [file, this.#tile(file)]));
    this.#tilesPanel.replaceChildren(...[...this.#tiles.values()].map(({ button }) => button));
    this.#panel.hidden = files.length === 0;
    this.#status.textContent = "";
    if (files.length) this.#tellProgress();
    for (const file of files) {
      const prediction = this.#known.get(file);
      if (prediction) this.tell(file, { prediction });
      this.mark(file);
    }
  }

  /** @param {File} file @returns {Tile} */
  #tile(file) {
    const [button, image, caption, mark] = [
      document.createElement("button"),
      document.createElement("img"),
      document.createElement("span"),
      document.createElement("span"),
    ];
    button.type = "button";
    button.title = file.name;
    image.addEventListener("load", () => markTransparent(image, file));
    image.addEventListener("error", () => {
      URL.revokeObjectURL(image.src);
      image.replaceWith(nameOf(file)); // the browser cannot show it, but the server may be able to read it
    });
    image.draggable = false; // or it could be dropped on the pad like a new picture
    image.src = URL.createObjectURL(file);
    image.alt = file.name;
    caption.textContent = "…";
    mark.className = "mark";
    button.append(image, caption, mark);
    button.addEventListener("click", () => this.#onChosen(file));
    return { button, caption, mark, state: "unread", wasTriedAgain: false };
  }
}

/** @param {File} file @returns {HTMLElement} shown instead of its picture */
function nameOf(file) {
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = file.name;
  return name;
}

/** @param {import("./reader.js").Prediction} prediction @returns {string} */
function inBrief(prediction) {
  const { digit, confidence, certain } = prediction;
  if (looksLikeNone(prediction)) return words.briefNoDigit;
  return say(certain ? words.brief : words.briefGuess, { digit, percent: percent(confidence) });
}
