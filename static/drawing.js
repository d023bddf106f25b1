/**
 * A drawing is data: strokes of points. A canvas only shows it, so resizing, undoing and redrawing are one thing.
 *
 * @typedef {{x: number, y: number}} Point fractions of the pad's side, y down
 * @typedef {{points: Point[], width: number, colour: string}} Stroke width is a fraction of the side; colour a name
 * @typedef {{paper: string, [colour: string]: string}} Palette CSS colours by name
 */

export class Drawing {
  /** @type {Stroke[]} */
  #strokes = [];

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  /** @param {Point} point @param {number} width @param {string} colour */
  begin(point, width, colour) {
    this.#strokes.push({ points: [point], width, colour });
  }

  /** @param {Point} point added to the stroke that was begun last */
  extend(point) {
    this.#strokes.at(-1)?.points.push(point);
  }

  undo() {
    this.#strokes.pop();
  }

  clear() {
    this.#strokes = [];
  }

  /** @param {CanvasRenderingContext2D} context of a square canvas @param {Palette} palette */
  paint(context, palette) {
    const side = context.canvas.width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = palette.paper;
    context.fillRect(0, 0, side, side);
    context.scale(side, side);
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.#strokes) paintStroke(context, stroke, palette);
  }

  /** @param {number} side in pixels @param {Palette} palette @returns {Promise<Blob>} a PNG */
  toPng(side, palette) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    this.paint(canvas.getContext("2d"), palette);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}

const LARGEST_BEND = 0.02; // of the side: a corner is rounded from no farther away than this

/**
 * Lines with rounded corners: a fast hand leaves no polygon, and yet a sharp turn stays where it was made.
 *
 * @param {CanvasRenderingContext2D} context scaled so that the pad's side is 1 @param {Stroke} stroke
 * @param {Palette} palette
 */
function paintStroke(context, { points, width, colour }, palette) {
  const [first] = points;
  // A line without length is not drawn, yet a tap should leave a dot.
  context.fillStyle = context.strokeStyle = palette[colour];
  context.beginPath();
  context.arc(first.x, first.y, width / 2, 0, 2 * Math.PI);
  context.fill();

  context.lineWidth = width;
  context.beginPath();
  context.moveTo(first.x, first.y);
  for (let i = 1; i < points.length - 1; i++) {
    const corner = points[i];
    const before = towards(corner, points[i - 1]);
    const after = towards(corner, points[i + 1]);
    context.lineTo(before.x, before.y);
    context.quadraticCurveTo(corner.x, corner.y, after.x, after.y);
  }
  const last = points.at(-1);
  context.lineTo(last.x, last.y);
  context.stroke();
}

/** @param {Point} from @param {Point} to @returns {Point} half way at most, and no farther than a bend reaches */
function towards(from, to) {
  const [x, y] = [to.x - from.x, to.y - from.y];
  const part = Math.min(0.5, LARGEST_BEND / Math.max(Math.hypot(x, y), Number.EPSILON));
  return { x: from.x + x * part, y: from.y + y * part };
}
