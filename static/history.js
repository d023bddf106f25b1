/** Undo and redo: the current state, those before it, and those that were undone. */

/** @template State */
export class History {
  #now;
  /** @type {State[]} */
  #past = [];
  /** @type {State[]} */
  #future = [];
  /** @type {State[]} what could be redone before the newest step, restored if that is withdrawn */
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

  /** @param {(state: State) => boolean} isWanted @returns {State | undefined} the newest, undone ones excepted */
  newest(isWanted) {
    return [...this.#past, this.#now].filter(isWanted).pop();
  }

  /** @param {State} state one step on from the current one */
  add(state) {
    this.#past.push(this.#now);
    this.#futureBefore = this.#future;
    this.#future = [];
    this.#now = state;
  }

  /** @param {State} state replaces the current one, without a step to undo */
  amend(state) {
    this.#now = state;
  }

  /** Take back the newest step as if it had never happened. */
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
