/** The canvas to draw on: pointer events become strokes of the drawing, and ink on the screen. */

import { cssColour, onOtherColours } from "./colours.js";
import { contextOf } from "./dom.js";

/**
 * @typedef {import("./drawing.js").Drawing} Drawing
 * @typedef {import("./drawing.js").Point} Point
 * @typedef {{width: number, colour: string, erases: boolean}} Tool width is a fraction of the pad's side
 */

const [ERASER, LEAST_ERASER] = [0.8, 0.02]; // its radius, of the line's width, and its least, of the side
const [LEAST_FORCE, MOST_FORCE] = [0.35, 1.5]; // factors of the line's width, for a pen pressed not at all and fully
const ERASER_END = 5; // the button that a pen reports when turned upside down
const PEN_IS_NEAR = 5_000; // milliseconds after the last pen event in which a touch is taken for its hand
const RESTS = 20; // pixels: a touch that moves no more may be a palm, or a finger that holds the phone

export class Pad {
  #canvas;
  #context;
  #drawing;
  /** @type {PointerEvent | null} the event with which the drawing pointer came down */
  #pointer = null;
  /** Whether it has hardly moved since. */
  #rests = false;
  /**
   * @type {PointerEvent | null} the same of a pointer that draws only once it moves: a second finger while the first
   *   rests, or a mouse or a pen over pictures, which a mere click or tap must not remove
   */
  #waiting = null;
  #frame = 0;
  #palette = palette();
  #penFeltAt = -Infinity;
  /** The tool of the current stroke. */
  #tool;
  #chosenTool;
  #onChange;
  #onEnd;
  /** @type {Point | null} where the eraser was last, while it is down */
  #erasedAt = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Drawing} drawing
   * @param {() => Tool} tool gives the tool of the next stroke
   * @param {{onChange: () => void, onEnd: () => void}} listener called at each change, and when the pointer
   *   was lifted
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
    // A finger that taps a button is not a palm, and may draw next.
    document.addEventListener("click", ({ target, pointerType }) => {
      if (target !== canvas && pointerType === "touch") this.#penFeltAt = -Infinity;
    });
    // Older Safari scrolls and zooms on touch events whatever touch-action says.
    const keepStill = (/** @type {TouchEvent} */ event) => {
      const zoomsOut = isZoomed() && event.touches.length > 1;
      if (event.cancelable && !drawing.pictures && !zoomsOut) event.preventDefault();
    };
    canvas.addEventListener("touchmove", keepStill, { passive: false });
    // If the pad fills a zoomed screen, the user could otherwise never zoom out.
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
    const isOverPictures = event.pointerType !== "touch" && this.#drawing.pictures !== null;
    if (this.#accepts(event) && !isOverPictures) this.#begin(event);
    else if (isOverPictures || (event.pointerType === "touch" && this.#rests)) this.#waiting = event;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerType === "pen") this.#penFeltAt = performance.now();
    // If a menu opens under the mouse, no event reports that the button was released.
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

  /** @param {PointerEvent} event with which the pointer that draws from now on came down */
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

  /** A mouse that erases has a cursor as large as the eraser, unless that is too large for the browser to show. */
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

  /** Give the canvas as many pixels as the screen has there, so that lines are sharp and where the pointer is. */
  #fit() {
    const side = Math.max(1, Math.round(this.#canvas.clientWidth * devicePixelRatio));
    if (this.#canvas.width !== side) this.#canvas.width = this.#canvas.height = side;
    this.#paint();
    this.showTool();
  }

  /** Fit again when the window is zoomed or moves to another screen, though the canvas may keep its size. */
  #fitToDensity() {
    const again = () => {
      this.#fit();
      this.#fitToDensity();
    };
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", again, { once: true });
  }

  /**
   * Whether the pointer that comes down may draw at once: not a second finger, nor the palm of a hand with a pen. Such
   * a palm often comes first; the pen then takes over from it. Over pictures a finger scrolls, as elsewhere.
   *
   * @param {PointerEvent} event @returns {boolean}
   */
  #accepts({ pointerType }) {
    if (pointerType === "pen") this.#penFeltAt = performance.now();
    if (pointerType === "touch" && performance.now() - this.#penFeltAt < PEN_IS_NEAR) return false;
    if (pointerType === "touch" && this.#drawing.pictures) return false;
    return !this.#pointer || (pointerType === "pen" && this.#pointer.pointerType === "touch");
  }

  /** @param {PointerEvent} event @returns {boolean} whether the drawing changed */
  #beginStroke(event) {
    if (this.#tool.erases) return this.#follow([event]);
    const [point] = this.#points([event]);
    this.#drawing.begin(point, this.#tool.width, this.#tool.colour);
    return true;
  }

  /** @param {PointerEvent[]} events @returns {boolean} whether the drawing changed */
  #follow(events) {
    const follow = (/** @type {Point} */ point) => (this.#tool.erases ? this.#erase(point) : this.#drawing.extend(point));
    return this.#points(events).map(follow).includes(true);
  }

  /** @param {Point} point @returns {boolean} whether anything was erased */
  #erase(point) {
    const from = this.#erasedAt ?? point; // with a quick hand, two points may be far apart
    this.#erasedAt = point;
    return this.#drawing.erase(from, point, eraserRadius(this.#tool.width));
  }

  /** @param {PointerEvent[]} events @returns {Point[]} */
  #points(events) {
    const box = this.#canvas.getBoundingClientRect();
    return events.map(({ clientX, clientY, pointerType, pressure }) => {
      const point = { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
      // A pen reports how hard it is pressed; a mouse always reports 0.5, and a finger nothing useful.
      return pointerType === "pen" ? { ...point, force: LEAST_FORCE + (MOST_FORCE - LEAST_FORCE) * pressure } : point;
    });
  }
}

/** @param {number} width of the line @returns {number} both as fractions of the pad's side */
const eraserRadius = (width) => Math.max(LEAST_ERASER, ERASER * width);

/** @param {number} radius in CSS pixels @returns {string} a cursor, with a fallback for when it is too large */
function ring(radius) {
  const [side, middle] = [2 * radius + 2, radius + 1];
  const circle = `<circle cx="${middle}" cy="${middle}" r="${radius}" fill="none" stroke="${cssColour("between")}" stroke-width="1.5"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">${circle}</svg>`;
  return `url('data:image/svg+xml,${encodeURIComponent(svg)}') ${middle} ${middle}, crosshair`;
}

/** @param {PointerEvent} event @param {PointerEvent | null} down @returns {down is PointerEvent} of the same pointer */
const isSame = (event, down) => event.pointerId === down?.pointerId;

/** @param {PointerEvent} event @param {PointerEvent} down @returns {boolean} whether it has left its first place */
const hasMoved = (event, down) => Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) > RESTS;

/** @returns {boolean} whether the page is enlarged by pinching */
const isZoomed = () => (visualViewport?.scale ?? 1) > 1;

/** @returns {import("./drawing.js").Palette} */
function palette() {
  return Object.fromEntries(["paper", "ink", "blue", "red", "green"].map((name) => [name, cssColour(name)]));
}
