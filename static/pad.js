/** The canvas that one draws on: pointers in, strokes in the drawing, ink on the screen. */

/** @typedef {import("./drawing.js").Drawing} Drawing */

export class Pad {
  #canvas;
  #context;
  #drawing;
  /** @type {number | null} the pointer that is drawing; a second finger or a palm is ignored */
  #pointer = null;
  #frame = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Drawing} drawing
   * @param {() => {width: number, colour: string}} pen the pen to begin the next stroke with
   * @param {{onBegin: () => void, onChange: () => void}} listener told before a stroke begins, and of each change
   */
  constructor(canvas, drawing, pen, listener) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#drawing = drawing;
    canvas.addEventListener("pointerdown", (event) => {
      if (this.#pointer !== null || event.button !== 0) return;
      event.preventDefault();
      this.#pointer = event.pointerId;
      canvas.setPointerCapture(event.pointerId);
      listener.onBegin();
      const { width, colour } = pen();
      drawing.begin(this.#point(event), width, colour);
      this.repaint();
      listener.onChange();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.#pointer) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) drawing.extend(this.#point(each));
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
  #point(event) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }
}

/** @returns {import("./drawing.js").Palette} the colours of the page's present scheme */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "blue", "red", "green"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
