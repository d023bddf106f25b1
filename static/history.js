/** Undo and redo: the present state, those that came before it, and those that were undone. */

/** @template State */
export class History {
  #now;
  /** @type {State[]} */
  #past = [];
  /** @type {State[]} */
  #future = [];
  /** @type {State[]} what could be redone before the newest step, to come back where that is withdrawn */
  #futureBefore = [];

  /** @param {State} first */
  constructor(first) {
    this.#now = first;
  }

  get now() {
    return this.#now;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** @param {(state: State) => boolean} isWanted @returns {State | undefined} the present one, or the newest before it */
  newest(isWanted) {
    return [...this.#past, this.#now].filter(isWanted).pop();
  }

  /** @param {State} state a step from the present one */
  add(state) {
    this.#past.push(this.#now);
    this.#futureBefore = this.#future;
    this.#future = [];
    this.#now = state;
  }

  /** @param {State} state in place of the present one, and no step from it */
  amend(state) {
    this.#now = state;
  }

  /** Take back the newest step as if it had never been. */
  withdraw() {
    this.#now = this.#past.pop() ?? this.#now;
    this.#future = this.#futureBefore;
  }

  undo() {
    const before = this.#past.pop();
    if (!before) return;
    this.#future.push(this.#now);
    this.#now = before;
  }

  redo() {
    const after = this.#future.pop();
    if (!after) return;
    this.#past.push(this.#now);
    this.#now = after;
  }
}
