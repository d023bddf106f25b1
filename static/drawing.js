/**
 * What is on the pad is data: strokes of points, or pictures instead. A canvas only shows it, so resizing and undoing
 * are both just redrawing.
 *
 * @typedef {{x: number, y: number, force?: number}} Point x and y are fractions of the pad's side, y down; force is
 *   what the line's width is multiplied by for how hard the pen was pressed
 * @typedef {{points: Point[], width: number, colour: string}} Stroke width is a fraction of the side; colour is a name
 * @typedef {{all: File[], large: File}} Pictures that came together, and the one that is shown large
 * @typedef {{strokes: Stroke[], pictures: Pictures | null}} Content only the newest stroke changes, while it is
 *   drawn, so the history can keep earlier content without copying it
 * @typedef {Record<string, string>} Palette CSS colours by name, including the paper's
 */

import { History } from "./history.js";

const NEAR = 0.002; // of the side: a fast mouse reports more points than anybody sees, or the server takes
const SAME_FORCE = 0.05;
const DOT = 0.6; // the pen's share of the drawing's longer side from which on it is a dot

export class Drawing {
  /** @type {History<Content>} */
  #history = new History({ strokes: [], pictures: null });
  /** Whether the newest step is still being made. */
  #isUnderWay = false;
  /** @type {Point | null} where the current stroke has got to since the last point that was kept */
  #notKept = null;
  /** @type {Point | null} where the pointer is, if it has left the pad during a stroke */
  #outside = null;

  get strokes() {
    return this.#history.now.strokes;
  }

  get pictures() {
    return this.#history.now.pictures;
  }

  /** @returns {Stroke} the newest, if there is any */
  get lastStroke() {
    return this.strokes[this.strokes.length - 1];
  }

  /** @returns {Stroke[]} the strokes on the pad, or those that pictures have replaced */
  get lastDrawn() {
    return this.#history.newest(({ pictures }) => !pictures)?.strokes ?? [];
  }

  get isEmpty() {
    return !this.pictures && this.strokes.length === 0;
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** A stroke over pictures begins a new drawing. @param {Point} point @param {number} width @param {string} colour */
  begin(point, width, colour) {
    this.#add({ strokes: [...this.strokes, { points: [point], width, colour }], pictures: null });
    this.#isUnderWay = true;
  }

  /**
   * Ink off the pad would not be seen: a stroke ends where it leaves the pad, and another begins where it returns.
   *
   * @param {Point} point next on the current stroke @returns {boolean} whether the drawing changed
   */
  extend(point) {
    if (!this.#isUnderWay) return false;
    const { points, width, colour } = this.lastStroke;
    const wasOutside = this.#outside;
    this.#outside = isOnPad(point) ? null : point;
    if (wasOutside && this.#outside) return false;
    if (wasOutside) {
      const back = { points: [rimBetween(point, wasOutside), point], width, colour };
      this.#history.amend({ strokes: [...this.strokes, back], pictures: null });
      return true;
    }
    if (this.#outside) {
      points.push(rimBetween(points[points.length - 1], point));
      this.#notKept = null;
      return true;
    }
    this.#notKept = isNear(point, points[points.length - 1]) ? point : null;
    if (!this.#notKept) points.push(point);
    return !this.#notKept;
  }

  /**
   * All that is erased before `end` is undone in one step.
   *
   * @param {Point} from @param {Point} to @param {number} radius of the circle that erases on its way
   * @returns {boolean} whether anything was erased
   */
  erase(from, to, radius) {
    const left = this.strokes.flatMap((stroke) => without(stroke, from, to, radius));
    if (left.length === this.strokes.length && left.every((stroke, i) => stroke === this.strokes[i])) return false;
    const content = { strokes: left, pictures: null };
    if (this.#isUnderWay) this.#history.amend(content);
    else this.#add(content);
    this.#isUnderWay = true;
    return true;
  }

  /** The pointer was lifted. @returns {boolean} whether the drawing changed */
  end() {
    const last = this.#notKept;
    if (last) this.lastStroke.points.push(last); // a line ends where the pointer was lifted
    this.#rest();
    return last !== null;
  }

  /** Take back what the pointer has done so far, as if it had never touched the pad. */
  withdraw() {
    if (this.#isUnderWay) this.#history.withdraw();
    this.#rest();
  }

  /** @param {File[]} all replace what was there; the first is shown large */
  showPictures(all) {
    this.#add({ strokes: [], pictures: { all, large: all[0] } });
  }

  /** @param {File} large one of the pictures on the pad */
  enlarge(large) {
    if (this.pictures) this.#history.amend({ strokes: [], pictures: { all: this.pictures.all, large } });
  }

  /** Each can be undone on its own. @param {Stroke[]} strokes that were on the pad when the page was left */
  restore(strokes) {
    for (const stroke of strokes) this.#add({ strokes: [...this.strokes, stroke], pictures: null });
  }

  clear() {
    if (!this.isEmpty) this.#add({ strokes: [], pictures: null });
  }

  undo() {
    this.#history.undo();
    this.#rest();
  }

  redo() {
    this.#history.redo();
    this.#rest();
  }

  /** @param {Content} content */
  #add(content) {
    this.#history.add(content);
    this.#rest();
  }

  /** No step is under way any more. */
  #rest() {
    this.#isUnderWay = false;
    this.#notKept = this.#outside = null;
  }

  /**
   * @returns {[number, number][][]} the points alone: width and colour of the pen do not tell which digit it is. But
   *   a drawing hardly longer than its pen is thick looks like a dot, and is sent as one
   */
  toPoints() {
    const shorten = (/** @type {number} */ value) => Math.round(value * 1e4) / 1e4;
    const isDot = this.strokes.length > 0 && this.penShare() > DOT;
    const strokes = isDot ? [{ points: [this.strokes[0].points[0]] }] : this.strokes;
    return strokes.map((stroke) => stroke.points.map(({ x, y }) => [shorten(x), shorten(y)]));
  }

  /** @returns {number} how thick the thickest line is, as a share of the drawing's longer side */
  penShare() {
    const points = this.strokes.flatMap((stroke) => stroke.points);
    const extent = (/** @type {number[]} */ values) => values.reduce(largest) - values.reduce(smallest);
    const longerSide = Math.max(extent(points.map(({ x }) => x)), extent(points.map(({ y }) => y)));
    const width = this.strokes.map(widest).reduce(largest);
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
    for (const stroke of this.strokes) paintStroke(context, stroke, palette);
  }
}

const largest = (/** @type {number} */ a, /** @type {number} */ b) => Math.max(a, b);
/** @param {Stroke} stroke @returns {number} its width where the pen was pressed hardest */
const widest = ({ points, width }) => width * points.map(({ force }) => force ?? 1).reduce(largest);
const smallest = (/** @type {number} */ a, /** @type {number} */ b) => Math.min(a, b);

/** @param {Point} point @param {Point} other @returns {boolean} whether one of them is enough for a line */
function isNear(point, other) {
  const isPressedAlike = Math.abs((point.force ?? 1) - (other.force ?? 1)) <= SAME_FORCE;
  return isPressedAlike && Math.hypot(point.x - other.x, point.y - other.y) < NEAR;
}

/** @param {Point} point @returns {boolean} */
const isOnPad = ({ x, y }) => x >= 0 && x <= 1 && y >= 0 && y <= 1;

/** @param {Point} inside @param {Point} outside @returns {Point} where the line between them crosses the pad's edge */
function rimBetween(inside, outside) {
  const part = (/** @type {number} */ from, /** @type {number} */ to) => {
    const rim = to < 0 ? 0 : to > 1 ? 1 : to;
    return from === to ? 1 : Math.max(0, (rim - from) / (to - from));
  };
  return between(inside, outside, Math.min(part(inside.x, outside.x), part(inside.y, outside.y)));
}

const ERASER_STEP = 0.01; // of the side: how finely a line is split up to be erased

/** @param {Stroke} stroke @param {Point} from @param {Point} to @param {number} radius @returns {Stroke[]} what is left */
function without(stroke, from, to, radius) {
  const reach = radius + stroke.width / 2;
  const isErased = (/** @type {Point} */ point) => distance(point, from, to) < reach;
  const fine = finely(stroke.points);
  if (!fine.some(isErased)) return [stroke];
  /** @type {Point[][]} */
  const runs = [];
  /** @type {Point[]} */
  let run = [];
  for (const point of fine) {
    if (isErased(point)) run = [];
    else if (run.push(point) === 1) runs.push(run);
  }
  const own = new Set(stroke.points); // others are kept at cuts only: through all of them a curve would be a polygon
  return runs.map((all) => ({
    ...stroke,
    points: all.filter((point, i) => own.has(point) || i === 0 || i === all.length - 1),
  }));
}

/** @param {Point[]} points @returns {Point[]} with more added between those that are far apart */
function finely(points) {
  return points.flatMap((to, i) => {
    if (i === 0) return [to];
    const from = points[i - 1];
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / ERASER_STEP));
    return Array.from({ length: steps }, (_, step) => (step + 1 < steps ? between(from, to, (step + 1) / steps) : to));
  });
}

/** @param {Point} point @param {Point} from @param {Point} to @returns {number} its distance from their line */
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

const LARGEST_BEND = 0.02; // of the side: rounding a sharp corner begins no farther from it than this
const SHARP = 0.5; // cosine of 60 degrees: a sharper turn is a corner

/**
 * Smooth curves, so that a fast hand leaves no polygon; sharp turns are rounded little, so that they stay in place.
 *
 * @param {CanvasRenderingContext2D} context scaled so that the pad's side is 1 @param {Stroke} stroke
 * @param {Palette} palette
 */
function paintStroke(context, { points, width, colour }, palette) {
  const [first] = points;
  // A line of no length is not drawn, but a tap should leave a dot.
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
    const bend = isSharp(points[i - 1], corner, points[i + 1]) ? LARGEST_BEND : Infinity;
    const before = towards(corner, points[i - 1], bend);
    const after = towards(corner, points[i + 1], bend);
    context.lineTo(before.x, before.y);
    context.quadraticCurveTo(corner.x, corner.y, after.x, after.y);
  }
  const last = points[points.length - 1];
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

/** @param {Point} from @param {Point} by @param {Point} to @returns {boolean} whether a line turns sharply on its way */
function isSharp(from, by, to) {
  const [x, y, onX, onY] = [by.x - from.x, by.y - from.y, to.x - by.x, to.y - by.y];
  return x * onX + y * onY < SHARP * Math.hypot(x, y) * Math.hypot(onX, onY);
}

/** @param {Point} from @param {Point} to @param {number} bend @returns {Point} at most half way, and within `bend` */
function towards(from, to, bend) {
  const [x, y] = [to.x - from.x, to.y - from.y];
  const part = Math.min(0.5, bend / Math.max(Math.hypot(x, y), Number.EPSILON));
  return { x: from.x + x * part, y: from.y + y * part };
}
