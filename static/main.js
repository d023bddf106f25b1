/** Ties the page together: what is drawn or chosen goes to the reader, what it answers goes on show. */

import { Answer } from "./answer.js";
import { copy, curlForPicture, curlForStrokes } from "./curl.js";
import { Drawing } from "./drawing.js";
import { Gallery } from "./gallery.js";
import { Pad } from "./pad.js";
import { acceptPictures, markTransparent } from "./pictures.js";
import { preparationInWords } from "./preparation.js";
import { Reader, serverIsBack } from "./reader.js";
import { Verdict } from "./verdict.js";
import { say, words } from "./words.js";

/** @param {string} id */
const byId = (id) => document.getElementById(id);
const [undo, redo, clear, readButton, copyCurl] = ["undo", "redo", "clear", "read", "copy-curl"].map(byId);
const note = byId("note");
const shown = /** @type {HTMLImageElement} */ (byId("picture"));
const notShown = byId("not-shown");

const answer = new Answer();
const drawing = new Drawing();
/** @type {File | null} the picture that is shown in place of a drawing */
let picture = null;
/** @type {string[]} what was done to what was read last */
let preparation = [];

const reader = new Reader(() => "predict?seen=1", (outcome) => {
  if ("error" in outcome) {
    fail(outcome.error);
    if (outcome.isGone) readOnceServerIsBack();
  } else {
    answer.showPrediction(outcome.prediction);
    preparation = outcome.prediction.preparation ?? [];
    tellPreparation();
    explainAgain();
    verdict.ask(outcome.prediction.digit);
  }
});

const verdict = new Verdict((label) => verdict.send(onPad()(), label));

// An explanation is ten times the work of a reading, and must not keep the next of these waiting.
const BETWEEN_EXPLANATIONS = 100; // milliseconds

/** @type {number | null} the digit whose evidence is asked for, the answer's where that is null */
let wantedDigit = null;
const explainer = new Reader(
  () => (wantedDigit === null ? "explain" : `explain?digit=${wantedDigit}`),
  (outcome) => {
    if ("prediction" in outcome) inside.show(outcome.prediction);
  },
  BETWEEN_EXPLANATIONS,
);
const insidePanel = /** @type {HTMLDetailsElement} */ (byId("inside"));
/** @type {import("./inside.js").Inside | null} until somebody looks at it */
let inside = null;
insidePanel.addEventListener("toggle", explainAgain);

const gallery = new Gallery(showPicture);
/** @type {File[]} those in the gallery */
let several = [];

const tool = () => {
  const chosen = document.querySelector("input[name=tool]:checked").value;
  return { width: Number(byId("pen-size").value) / 100, colour: chosen, erases: chosen === "eraser" };
};

const pad = new Pad(byId("pad"), drawing, tool, { onBegin: beginAfresh, onChange: readAgain, onEnd: tellPreparation });

acceptPictures({ chooser: byId("choose"), target: byId("paper"), onPictures: showPictures, onError: (sentence) => {
  if (isEmpty()) {
    forget();
    fail(sentence);
  } else note.textContent = sentence; // what is on the pad has been read all the same
} });

undo.addEventListener("click", undoStep);
redo.addEventListener("click", redoStep);
clear.addEventListener("click", clearAll);
readButton.addEventListener("click", readAgain);
copyCurl.addEventListener("click", copyAsCurl);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") clearAll();
  else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) event.shiftKey ? redoStep() : undoStep();
  else return;
  event.preventDefault();
});
markTransparent(shown);
shown.addEventListener("error", () => {
  if (!picture) return;
  shown.hidden = true; // the browser cannot show it; the server says whether it can read it
  notShown.hidden = false;
  notShown.textContent = say(words.cannotBeShown, { name: picture.name });
});

/** Say what was done to what is on the pad; not while it is drawn, for what comes and goes would move the page. */
function tellPreparation() {
  if (pad.isDrawing) return;
  const pen = picture || drawing.isEmpty ? null : drawing.penShare();
  answer.showPreparation(preparationInWords(preparation, pen));
}

/** Have what was read explained, if anybody looks at it. */
async function explainAgain() {
  if (!insidePanel.open || isEmpty()) return;
  const module = await fetched(import("./inside.js"));
  if (!module) return;
  inside ??= new module.Inside((digit) => {
    wantedDigit = digit;
    explainAgain();
  });
  if (!isEmpty()) explainer.read(onPad());
}

/**
 * What the first load does without.
 *
 * @template T @param {Promise<T>} module @returns {Promise<T | null>} null while the server is gone, as the reader says
 */
const fetched = (module) => module.catch(() => null);

const isEmpty = () => !picture && drawing.isEmpty;

/** @returns {() => Blob | string} what there is to read, as it is now */
function onPad() {
  const chosen = picture;
  return chosen ? () => chosen : () => JSON.stringify({ strokes: drawing.toPoints() });
}

/** Have what is on the pad read, or say that there is nothing. */
function readAgain() {
  wantedDigit = null;
  undo.disabled = !picture && !drawing.canUndo;
  redo.disabled = Boolean(picture) || !drawing.canRedo;
  clear.disabled = readButton.disabled = copyCurl.disabled = isEmpty();
  note.textContent = "";
  verdict.forget();
  if (isEmpty()) {
    forget();
    answer.showEmpty();
  } else reader.read(onPad());
}

let waitsForServer = false;

async function readOnceServerIsBack() {
  if (waitsForServer) return;
  waitsForServer = true;
  await serverIsBack();
  waitsForServer = false;
  readAgain();
  if (several.length) gallery.show(several, picture);
}

/** @param {string} sentence that is said in place of an answer */
function fail(sentence) {
  answer.showError(sentence);
  showNothingBeside();
}

/** Let no answer to what was on the pad before come late. */
function forget() {
  reader.cancel();
  explainer.cancel();
  showNothingBeside();
}

/** Take away what is shown beside an answer. */
function showNothingBeside() {
  inside?.clear();
  verdict.hide();
  preparation = [];
  answer.showPreparation("");
}

async function copyAsCurl() {
  const address = new URL("predict", location.href).href;
  const command = picture ? curlForPicture(address, picture.name) : curlForStrokes(address, drawing.toPoints());
  const copied = picture ? say(words.copiedForPicture, { name: picture.name }) : words.copied;
  note.textContent = (await copy(command)) ? copied : words.notCopied;
}

function undoStep() {
  if (pad.isDrawing) return;
  if (picture) putPicturesAway();
  else drawing.undo();
  pad.repaint();
  readAgain();
}

function redoStep() {
  if (pad.isDrawing || picture) return;
  drawing.redo();
  pad.repaint();
  readAgain();
}

function clearAll() {
  putPicturesAway();
  drawing.clear();
  pad.repaint();
  readAgain();
}

/** A stroke over a picture begins a new drawing; the one under the picture is not meant. */
function beginAfresh() {
  if (!picture) return;
  putPicturesAway();
  drawing.clear();
}

/** @param {File[]} chosen the first is shown large, and all in the gallery where they are several */
function showPictures(chosen) {
  putPicturesAway();
  showPicture(chosen[0]);
  if (chosen.length === 1) return;
  several = chosen;
  gallery.show(several, picture);
}

/** @param {File} file shown over the drawing, which stays under it */
function showPicture(file) {
  putPictureAway();
  picture = file;
  shown.src = URL.createObjectURL(file);
  shown.hidden = false;
  forget();
  readAgain();
}

function putPicturesAway() {
  putPictureAway();
  several = [];
  gallery.hide();
}

function putPictureAway() {
  if (!picture) return;
  URL.revokeObjectURL(shown.src);
  shown.removeAttribute("src");
  shown.hidden = notShown.hidden = true;
  picture = null;
  forget();
}

readAgain();
