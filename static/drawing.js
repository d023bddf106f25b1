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

/**
 * Curves through the middles between points, bent by the points: a fast hand leaves no corners.
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
    const [bend, next] = [points[i], points[i + 1]];
    context.quadraticCurveTo(bend.x, bend.y, (bend.x + next.x) / 2, (bend.y + next.y) / 2);
  }
  const last = points.at(-1);
  context.lineTo(last.x, last.y);
  context.stroke();
}
