/**
 * A drawing is data: strokes of points. A canvas only shows it, so resizing, undoing and redrawing are one thing.
 *
 * @typedef {{x: number, y: number, force?: number}} Point x and y are fractions of the pad's side, y down; force is how
 *   hard the pen was pressed, as a factor of the line's width
 * @typedef {{points: Point[], width: number, colour: string}} Stroke width is a fraction of the side; colour a name
 * @typedef {{paper: string, [colour: string]: string}} Palette CSS colours by name
 */

export class Drawing {
  /** @type {Stroke[]} never changed but by a stroke under way, so that what came before can be kept as it is */
  #strokes = [];
  /** @type {Stroke[][]} */
  #past = [];
  /** @type {Stroke[][]} */
  #future = [];

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  /** How many steps there are to undo. */
  get steps() {
    return this.#past.length;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** @param {Point} point @param {number} width @param {string} colour */
  begin(point, width, colour) {
    this.#become([...this.#strokes, { points: [point], width, colour }]);
  }

  /** @param {Point} point added to the stroke that was begun last */
  extend(point) {
    this.#strokes.at(-1)?.points.push(point);
  }

  /** What is erased from now on is undone in one step. */
  beginErasing() {
    this.#become(this.#strokes);
  }

  /** @returns {boolean} whether what was begun last was no step at all: an eraser that met no line */
  endInVain() {
    if (this.#past.at(-1) !== this.#strokes) return false;
    this.#past.pop();
    return true;
  }

  /** @param {Point} from @param {Point} to @param {number} radius of the circle that leaves no line on its way */
  erase(from, to, radius) {
    const left = this.#strokes.flatMap((stroke) => without(stroke, from, to, radius));
    if (left.length !== this.#strokes.length || left.some((stroke, i) => stroke !== this.#strokes[i])) this.#strokes = left;
  }

  /** Take back the stroke under way as if it had never been begun. */
  withdraw() {
    this.#strokes = this.#past.pop() ?? this.#strokes;
  }

  undo() {
    const before = this.#past.pop();
    if (!before) return;
    this.#future.push(this.#strokes);
    this.#strokes = before;
  }

  redo() {
    const after = this.#future.pop();
    if (!after) return;
    this.#past.push(this.#strokes);
    this.#strokes = after;
  }

  clear() {
    if (!this.isEmpty) this.#become([]);
  }

  /** @param {Stroke[]} strokes */
  #become(strokes) {
    this.#past.push(this.#strokes);
    this.#future = [];
    this.#strokes = strokes;
  }

  /** @returns {[number, number][][]} the points alone: how thick or how red the pen is tells no digit */
  toPoints() {
    const shorten = (/** @type {number} */ value) => Math.round(value * 1e4) / 1e4;
    return this.#strokes.map((stroke) => stroke.points.map(({ x, y }) => [shorten(x), shorten(y)]));
  }

  /** @returns {number} how thick the thickest line is, as a share of the drawing's longer side */
  penShare() {
    const points = this.#strokes.flatMap((stroke) => stroke.points);
    const extent = (/** @type {number[]} */ values) => values.reduce(largest) - values.reduce(smallest);
    const longerSide = Math.max(extent(points.map(({ x }) => x)), extent(points.map(({ y }) => y)));
    const width = this.#strokes.map(widest).reduce(largest);
    return width / (longerSide + width);
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
}

const largest = (/** @type {number} */ a, /** @type {number} */ b) => Math.max(a, b);
/** @param {Stroke} stroke @returns {number} its width where the pen was pressed hardest */
const widest = ({ points, width }) => width * points.map(({ force }) => force ?? 1).reduce(largest);
const smallest = (/** @type {number} */ a, /** @type {number} */ b) => Math.min(a, b);

const ERASER_STEP = 0.01; // of the side: how finely a line is taken apart where it is erased

/** @param {Stroke} stroke @param {Point} from @param {Point} to @param {number} radius @returns {Stroke[]} what is left */
function without(stroke, from, to, radius) {
  const reach = radius + stroke.width / 2;
  const isErased = (/** @type {Point} */ point) => distance(point, from, to) < reach;
  const fine = finely(stroke.points);
  if (!fine.some(isErased)) return [stroke];
  /** @type {Point[][]} */
  const runs = [[]];
  for (const point of fine) {
    if (!isErased(point)) runs.at(-1).push(point);
    else if (runs.at(-1).length) runs.push([]);
  }
  return runs.filter((points) => points.length).map((points) => ({ ...stroke, points }));
}

/** @param {Point[]} points @returns {Point[]} with more between those that lie far apart */
function finely(points) {
  return points.flatMap((to, i) => {
    if (i === 0) return [to];
    const from = points[i - 1];
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / ERASER_STEP));
    return Array.from({ length: steps }, (_, step) => between(from, to, (step + 1) / steps));
  });
}

/** @param {Point} point @param {Point} from @param {Point} to @returns {number} how far it is to the line between these */
function distance({ x, y }, from, to) {
  const [along, down] = [to.x - from.x, to.y - from.y];
  const part = ((x - from.x) * along + (y - from.y) * down) / (along ** 2 + down ** 2 || 1);
  const nearest = between(from, to, Math.min(1, Math.max(0, part)));
  return Math.hypot(x - nearest.x, y - nearest.y);
}

/** @param {Point} from @param {Point} to @param {number} part @returns {Point} */
function between(from, to, part) {
  const mix = (/** @type {number} */ a, /** @type {number} */ b) => a + (b - a) * part;
  return { x: mix(from.x, to.x), y: mix(from.y, to.y), force: mix(from.force ?? 1, to.force ?? 1) };
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
  context.arc(first.x, first.y, ((first.force ?? 1) * width) / 2, 0, 2 * Math.PI);
  context.fill();

  if (points.some(({ force }) => force !== undefined && force !== 1)) {
    paintPressed(context, points, width);
    return;
  }
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

/**
 * A line as wide at each point as the pen was pressed there.
 *
 * @param {CanvasRenderingContext2D} context @param {Point[]} points @param {number} width
 */
function paintPressed(context, points, width) {
  for (let i = 1; i < points.length; i++) {
    const [from, to] = [points[i - 1], points[i]];
    context.lineWidth = (width * ((from.force ?? 1) + (to.force ?? 1))) / 2;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
}

/** @param {Point} from @param {Point} to @returns {Point} half way at most, and no farther than a bend reaches */
function towards(from, to) {
  const [x, y] = [to.x - from.x, to.y - from.y];
  const part = Math.min(0.5, LARGEST_BEND / Math.max(Math.hypot(x, y), Number.EPSILON));
  return { x: from.x + x * part, y: from.y + y * part };
}
