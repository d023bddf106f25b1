/** The canvas that one draws on: pointers in, strokes in the drawing, ink on the screen. */

import { cssColour, onOtherColours } from "./colours.js";
import { contextOf } from "./dom.js";

/**
 * @typedef {import("./drawing.js").Drawing} Drawing
 * @typedef {import("./drawing.js").Point} Point
 * @typedef {{width: number, colour: string, erases: boolean}} Tool width is a fraction of the pad's side
 */

const [ERASER, LEAST_ERASER] = [0.8, 0.02]; // its radius, of the line's width, and of the side
const [LEAST_FORCE, MOST_FORCE] = [0.35, 1.5]; // of the line's width, however lightly or hard a pen is pressed
const ERASER_END = 5; // the button that a pen turned upside down says is pressed
const PEN_IS_NEAR = 5_000; // milliseconds after a pen was felt last, in which what touches is its hand
const RESTS = 20; // pixels that a touch moves at most where it draws nothing: it holds the telephone, or is a palm

export class Pad {
  #canvas;
  #context;
  #drawing;
  /** @type {PointerEvent | null} how the pointer that is drawing came down */
  #pointer = null;
  /** Whether it has hardly moved since. */
  #rests = false;
  /**
   * @type {PointerEvent | null} how a pointer came down that draws once it moves: a second finger while the first rests,
   *   or a mouse over pictures, which a mere click is not to take away
   */
  #waiting = null;
  #frame = 0;
  #palette = palette();
  #penFeltAt = -Infinity;
  /** What the stroke under way is made with. */
  #tool;
  #chosenTool;
  #onChange;
  #onEnd;
  /** @type {Point | null} where the eraser that is down was last seen */
  #erasedAt = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Drawing} drawing
   * @param {() => Tool} tool what the next stroke is made with
   * @param {{onChange: () => void, onEnd: () => void}} listener told of each change, and when the pointer was
   *   lifted
   */
  constructor(canvas, drawing, tool, listener) {
    this.#canvas = canvas;
    this.#context = contextOf(canvas);
    this.#drawing = drawing;
    this.#chosenTool = tool;
    this.#tool = tool();
    this.#onChange = listener.onChange;
    this.#onEnd = listener.onEnd;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#lift(event));
    canvas.addEventListener("pointercancel", (event) => this.#cancel(event));
    canvas.addEventListener("lostpointercapture", (event) => this.#lift(event));
    canvas.addEventListener("contextmenu", (event) => this.#pointer && event.preventDefault());
    // A finger on a button is no palm, and may draw next.
    document.addEventListener("click", ({ target, pointerType }) => {
      if (target !== canvas && pointerType === "touch") this.#penFeltAt = -Infinity;
    });
    // Safari of old scrolls and zooms from touch events whatever touch-action says.
    const keepStill = (/** @type {TouchEvent} */ event) => {
      const zoomsOut = isZoomed() && event.touches.length > 1;
      if (event.cancelable && !drawing.pictures && !zoomsOut) event.preventDefault();
    };
    canvas.addEventListener("touchmove", keepStill, { passive: false });
    // Who has zoomed in until the pad fills the screen could never leave it.
    const letZoomOut = () => canvas.toggleAttribute("data-zoomed", isZoomed());
    visualViewport?.addEventListener("resize", letZoomOut);
    letZoomOut();
    new ResizeObserver(() => this.#fit()).observe(canvas);
    this.#fitToDensity();
    onOtherColours(() => {
      this.#palette = palette();
      this.#paint();
    });
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 && event.button !== ERASER_END) return;
    const isOverPictures = event.pointerType === "mouse" && this.#drawing.pictures !== null;
    if (this.#accepts(event) && !isOverPictures) this.#begin(event);
    else if (isOverPictures || (event.pointerType === "touch" && this.#rests)) this.#waiting = event;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerType === "pen") this.#penFeltAt = performance.now();
    // Where a menu opens under the mouse, nobody tells that its button was let go.
    if (event.pointerType === "mouse" && !event.buttons) return this.#lift(event);
    if (isSame(event, this.#waiting) && hasMoved(event, this.#waiting)) this.#begin(this.#waiting);
    if (!isSame(event, this.#pointer)) return;
    if (hasMoved(event, this.#pointer)) this.#rests = false;
    if (!this.#rests) this.#waiting = null;
    const events = event.getCoalescedEvents?.() ?? [];
    if (this.#follow(events.length ? events : [event])) this.#tell();
  }

  /** @param {PointerEvent} event */
  #lift(event) {
    if (isSame(event, this.#waiting)) this.#waiting = null;
    if (!isSame(event, this.#pointer)) return;
    this.#pointer = this.#waiting = null;
    this.#rests = false;
    if (this.#drawing.end()) this.#tell();
    this.#onEnd();
  }

  /** @param {PointerEvent} event */
  #cancel(event) {
    if (isSame(event, this.#pointer) && event.pointerType === "touch") {
      this.#drawing.withdraw(); // a palm, or the beginning of a gesture
      this.#tell();
    }
    this.#lift(event);
  }

  /** @param {PointerEvent} event how the pointer came down that draws from here on */
  #begin(event) {
    event.preventDefault();
    const takesOver = this.isDrawing;
    if (takesOver) this.#drawing.withdraw();
    this.#pointer = event;
    this.#rests = event.pointerType === "touch";
    this.#waiting = null;
    this.#canvas.setPointerCapture(event.pointerId);
    const tool = this.#chosenTool();
    this.#tool = event.button === ERASER_END ? { ...tool, erases: true } : tool;
    this.#erasedAt = null;
    if (this.#beginStroke(event) || takesOver) this.#tell();
  }

  /** Where a mouse erases, its pointer is as large as the eraser; a browser shows none that is far larger. */
  showTool() {
    const { erases, width } = this.#chosenTool();
    this.#canvas.style.cursor = erases ? ring(Math.round(eraserRadius(width) * this.#canvas.clientWidth)) : "";
  }

  get isDrawing() {
    return this.#pointer !== null;
  }

  repaint() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint() {
    this.#drawing.paint(this.#context, this.#palette);
  }

  #tell() {
    this.repaint();
    this.#onChange();
  }

  /** As many pixels as the screen has under the canvas: the line is sharp, and is where the pointer is. */
  #fit() {
    const side = Math.max(1, Math.round(this.#canvas.clientWidth * devicePixelRatio));
    if (this.#canvas.width !== side) this.#canvas.width = this.#canvas.height = side;
    this.#paint();
    this.showTool();
  }

  /** Fit again when the window is zoomed, or goes to another screen, and the canvas stays as large as it was. */
  #fitToDensity() {
    const again = () => {
      this.#fit();
      this.#fitToDensity();
    };
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", again, { once: true });
  }

  /**
   * Whether the pointer that comes down may draw at once: no second finger, nor the palm of a hand that uses a pen.
   * Such a palm often comes first; the pen then takes the pad from it. Over pictures a finger scrolls, as elsewhere.
   *
   * @param {PointerEvent} event @returns {boolean}
   */
  #accepts({ pointerType }) {
    if (pointerType === "pen") this.#penFeltAt = performance.now();
    if (pointerType === "touch" && performance.now() - this.#penFeltAt < PEN_IS_NEAR) return false;
    if (pointerType === "touch" && this.#drawing.pictures) return false;
    return !this.#pointer || (pointerType === "pen" && this.#pointer.pointerType === "touch");
  }

  /** @param {PointerEvent} event @returns {boolean} whether that makes a difference */
  #beginStroke(event) {
    if (this.#tool.erases) return this.#follow([event]);
    const [point] = this.#points([event]);
    this.#drawing.begin(point, this.#tool.width, this.#tool.colour);
    return true;
  }

  /** @param {PointerEvent[]} events @returns {boolean} whether that makes a difference */
  #follow(events) {
    const follow = (/** @type {Point} */ point) => (this.#tool.erases ? this.#erase(point) : this.#drawing.extend(point));
    return this.#points(events).map(follow).includes(true);
  }

  /** @param {Point} point @returns {boolean} whether there was a line */
  #erase(point) {
    const from = this.#erasedAt ?? point; // a quick hand leaves a long way between two points
    this.#erasedAt = point;
    return this.#drawing.erase(from, point, eraserRadius(this.#tool.width));
  }

  /** @param {PointerEvent[]} events @returns {Point[]} */
  #points(events) {
    const box = this.#canvas.getBoundingClientRect();
    return events.map(({ clientX, clientY, pointerType, pressure }) => {
      const point = { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
      // A pen reports how hard it is pressed; a mouse always says 0.5, and a finger says nothing of use.
      return pointerType === "pen" ? { ...point, force: LEAST_FORCE + (MOST_FORCE - LEAST_FORCE) * pressure } : point;
    });
  }
}

/** @param {number} width of the line @returns {number} both as fractions of the pad's side */
const eraserRadius = (width) => Math.max(LEAST_ERASER, ERASER * width);

/** @param {number} radius in CSS pixels @returns {string} a cursor, with another for where it is too large */
function ring(radius) {
  const [side, middle] = [2 * radius + 2, radius + 1];
  const circle = `<circle cx="${middle}" cy="${middle}" r="${radius}" fill="none" stroke="#7d828c" stroke-width="1.5"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">${circle}</svg>`;
  return `url('data:image/svg+xml,${encodeURIComponent(svg)}') ${middle} ${middle}, crosshair`;
}

/** @param {PointerEvent} event @param {PointerEvent | null} down @returns {down is PointerEvent} of the same pointer */
const isSame = (event, down) => event.pointerId === down?.pointerId;

/** @param {PointerEvent} event @param {PointerEvent} down @returns {boolean} whether it is not where it came down */
const hasMoved = (event, down) => Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) > RESTS;

/** @returns {boolean} whether two fingers have enlarged the page */
const isZoomed = () => (visualViewport?.scale ?? 1) > 1;

/** @returns {import("./drawing.js").Palette} */
function palette() {
  return Object.fromEntries(["paper", "ink", "blue", "red", "green"].map((name) => [name, cssColour(name)]));
}
