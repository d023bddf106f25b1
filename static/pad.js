/** The canvas that one draws on: pointers in, strokes in the drawing, ink on the screen. */

/**
 * @typedef {import("./drawing.js").Drawing} Drawing
 * @typedef {{width: number, colour: string, erases: boolean}} Tool width is a fraction of the pad's side
 */

const ERASER_RADIUS = 0.04; // of the side
const LEAST_FORCE = 0.35; // of the line's width, however lightly a pen is held

export class Pad {
  #canvas;
  #context;
  #drawing;
  /** @type {number | null} the pointer that is drawing; a second finger or a palm is ignored */
  #pointer = null;
  #frame = 0;
  #penIsUsed = false;
  /** @type {Tool} */
  #tool;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Drawing} drawing
   * @param {() => Tool} tool what the next stroke is made with
   * @param {{onBegin: () => void, onChange: () => void}} listener told before a stroke begins, and of each change
   */
  constructor(canvas, drawing, tool, listener) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#drawing = drawing;
    canvas.addEventListener("pointerdown", (event) => {
      if (this.#pointer !== null || event.button !== 0) return;
      if (event.pointerType === "pen") this.#penIsUsed = true;
      else if (event.pointerType === "touch" && this.#penIsUsed) return; // the palm that holds the pen
      event.preventDefault();
      this.#pointer = event.pointerId;
      canvas.setPointerCapture(event.pointerId);
      listener.onBegin();
      this.#tool = tool();
      if (this.#tool.erases) {
        drawing.beginErasing();
        this.#follow(event);
      } else drawing.begin(this.#point(event), this.#tool.width, this.#tool.colour);
      this.repaint();
      listener.onChange();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.#pointer) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.#follow(each);
      this.repaint();
      listener.onChange();
    });
    const lift = (event) => {
      if (event.pointerId === this.#pointer) this.#pointer = null;
    };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    canvas.addEventListener("lostpointercapture", lift);
    // Safari of old scrolls and zooms from touch events whatever touch-action says.
    canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });
    new ResizeObserver(() => this.#fit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
  }

  get isDrawing() {
    return this.#pointer !== null;
  }

  repaint() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#drawing.paint(this.#context, palette());
    });
  }

  /** As many pixels as the screen has under the canvas: the line is sharp, and is where the pointer is. */
  #fit() {
    const side = Math.max(1, Math.round(this.#canvas.clientWidth * devicePixelRatio));
    if (this.#canvas.width !== side) this.#canvas.width = this.#canvas.height = side;
    this.#drawing.paint(this.#context, palette());
  }

  /** @param {PointerEvent} event */
  #follow(event) {
    if (this.#tool.erases) this.#drawing.erase(this.#point(event), ERASER_RADIUS);
    else this.#drawing.extend(this.#point(event));
  }

  /** @param {PointerEvent} event @returns {import("./drawing.js").Point} */
  #point(event) {
    const box = this.#canvas.getBoundingClientRect();
    const point = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    // A pen reports how hard it is pressed; a mouse always says 0.5, and a finger says nothing of use.
    return event.pointerType === "pen" ? { ...point, force: LEAST_FORCE + (1.5 - LEAST_FORCE) * event.pressure } : point;
  }
}

/** @returns {import("./drawing.js").Palette} the colours of the page's present scheme */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "blue", "red", "green"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
