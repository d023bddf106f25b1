/** Ties the page together: what is drawn or chosen goes to the reader, what it answers goes on show. */

import { Answer } from "./answer.js";
import { copy, curlForPicture, curlForStrokes } from "./curl.js";
import { Drawing } from "./drawing.js";
import { Gallery } from "./gallery.js";
import { Inside } from "./inside.js";
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

const BETWEEN_READINGS = 30; // milliseconds; faster than anybody sees

const reader = new Reader(
  () => "predict?seen=1",
  (outcome) => {
    if ("error" in outcome) {
      fail(outcome.error);
      if (outcome.isGone) readOnceServerIsBack();
    } else {
      answer.showPrediction(outcome.prediction);
      preparation = outcome.prediction.preparation ?? [];
      explainAgain();
      verdict.ask(outcome.prediction.digit);
    }
    tellAtRest();
  },
  BETWEEN_READINGS,
);

const verdict = new Verdict((label) => verdict.send(onPad()(), label));

// An explanation is ten times the work of a reading, and must not keep the next of these waiting.
const BETWEEN_EXPLANATIONS = 100; // milliseconds

/** @type {number | null} the digit whose evidence is asked for, the answer's where that is null */
let wantedDigit = null;
const explainer = new Reader(
  () => (wantedDigit === null ? "explain" : `explain?digit=${wantedDigit}`),
  (outcome) => {
    if ("prediction" in outcome) inside.show(/** @type {import("./inside.js").Explanation} */ (outcome.prediction));
    else inside.clear();
  },
  BETWEEN_EXPLANATIONS,
);
const insidePanel = /** @type {HTMLDetailsElement} */ (byId("inside"));
const inside = new Inside((digit) => {
  wantedDigit = digit;
  explainAgain();
});
let insideIsInView = false;
insidePanel.addEventListener("toggle", explainAgain);
new IntersectionObserver((entries) => {
  insideIsInView = entries.at(-1).isIntersecting;
  if (insideIsInView) explainAgain();
}).observe(insidePanel);

const gallery = new Gallery(showPicture);
/** @type {File[]} those in the gallery */
let several = [];
/**
 * What made way for a drawing or for an empty pad, to come back when the drawing is undone to so many steps.
 *
 * @type {{large: File, all: File[], forStroke: boolean, clearedDrawing: boolean, steps: number} | null}
 */
let putAway = null;

const tool = () => {
  const chosen = document.querySelector("input[name=tool]:checked").value;
  return { width: Number(byId("pen-size").value) / 100, colour: chosen, erases: chosen === "eraser" };
};

const pad = new Pad(byId("pad"), drawing, tool, { onBegin: beginAfresh, onChange: readAgain, onEnd: endStroke });

acceptPictures({ chooser: byId("choose"), target: byId("paper"), onPictures: (files) => showPictures(files), onError: (sentence) => {
  if (isEmpty()) {
    forget();
    fail(sentence);
    tellAtRest();
  } else note.textContent = sentence; // what is on the pad has been read all the same
} });

undo.addEventListener("click", undoStep);
redo.addEventListener("click", redoStep);
clear.addEventListener("click", clearAll);
readButton.addEventListener("click", readAgain);
copyCurl.addEventListener("click", copyAsCurl);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") clearAll();
  else if (isZ(event) && (event.ctrlKey || event.metaKey)) event.shiftKey ? redoStep() : undoStep();
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

/** @param {KeyboardEvent} event @returns {boolean} also where the keyboard is set to letters that are not Latin */
function isZ({ key, code }) {
  return key.toLowerCase() === "z" || (code === "KeyZ" && !/^[a-z]$/i.test(key));
}

function endStroke() {
  if (putAway?.forStroke && drawing.steps === putAway.steps) bringBack(); // it was none, or was taken back
  tellAtRest();
  if (!insideIsInView) explainAgain();
}

/** Say what would talk over itself while one draws, and show what would move the page. */
function tellAtRest() {
  if (pad.isDrawing) return;
  answer.speak();
  const pen = picture || drawing.isEmpty ? null : drawing.penShare();
  answer.showPreparation(preparationInWords(preparation, pen));
}

/** Have what was read explained: at every answer where it is looked at, else when the pen is up. */
function explainAgain() {
  if (insidePanel.open && !isEmpty() && (insideIsInView || !pad.isDrawing)) explainer.read(onPad());
}

const isEmpty = () => !picture && drawing.isEmpty;

/** @returns {() => Blob | string} what there is to read, as it is now */
function onPad() {
  const chosen = picture;
  return chosen ? () => chosen : () => JSON.stringify({ strokes: drawing.toPoints() });
}

/** Have what is on the pad read, or say that there is nothing. */
function readAgain() {
  wantedDigit = null;
  undo.disabled = !picture && !putAway && !drawing.steps;
  redo.disabled = Boolean(picture) || !drawing.canRedo;
  clear.disabled = readButton.disabled = copyCurl.disabled = isEmpty();
  note.textContent = "";
  verdict.forget();
  if (isEmpty()) {
    forget();
    answer.showEmpty();
    tellAtRest();
  } else reader.read(onPad());
}

let waitsForServer = false;

async function readOnceServerIsBack() {
  if (waitsForServer) return;
  waitsForServer = true;
  await serverIsBack();
  waitsForServer = false;
  readAgain();
}

/** @param {string} sentence that is said in place of an answer */
function fail(sentence) {
  answer.showError(sentence);
  showNothingBeside();
}

/** Let no answer to what was on the pad before come late, nor stay. */
function forget() {
  reader.cancel();
  explainer.cancel();
  answer.showPending();
  showNothingBeside();
}

/** Take away what is shown beside an answer. */
function showNothingBeside() {
  inside.clear();
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
  const wasCleared = drawing.steps === putAway?.steps;
  if (picture) putPicturesAway();
  else if (!wasCleared) drawing.undo();
  pad.repaint();
  if (wasCleared || (putAway?.forStroke && drawing.steps === putAway.steps)) bringBack();
  else readAgain();
}

function redoStep() {
  if (pad.isDrawing || picture) return;
  drawing.redo();
  pad.repaint();
  readAgain();
}

function clearAll() {
  makeRoom({ forStroke: false });
  pad.repaint();
  readAgain();
}

/** A stroke over a picture begins a new drawing; the one under the picture is not meant. */
function beginAfresh() {
  if (picture) makeRoom({ forStroke: true });
}

/** @param {{forStroke: boolean}} reason of emptying the pad */
function makeRoom({ forStroke }) {
  const covering = picture && { large: picture, all: several, forStroke, clearedDrawing: !drawing.isEmpty };
  putPicturesAway();
  drawing.clear();
  if (covering) putAway = { ...covering, steps: drawing.steps };
}

function bringBack() {
  const { large, all, clearedDrawing } = putAway;
  if (clearedDrawing) drawing.undo();
  pad.repaint();
  showPictures(all.length ? all : [large], large);
}

/** @param {File[]} chosen all in the gallery where they are several @param {File} large which of them is shown large */
function showPictures(chosen, large = chosen[0]) {
  putPicturesAway();
  putAway = null;
  showPicture(large);
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
