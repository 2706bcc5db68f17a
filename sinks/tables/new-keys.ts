const firstPause = 16;
const longestPause = 1_024;

/**
 * Whether the keys of the next flush are likely to be new to the table. They are while a table is filled for the first time; later most of them are there, and a try
 * that meets one is for nothing. So after a try that failed the next one is some flushes away, and further each time.
 */
export class NewKeys {
  #pause = 0;
  #next = firstPause;

  get areLikely(): boolean {
    return this.#pause === 0;
  }

  wereNew(): void {
    this.#next = firstPause;
  }

  wereNot(): void {
    this.#pause = this.#next;
    this.#next = Math.min(this.#next * 2, longestPause);
  }

  /** A flush that was not tried. */
  passed(): void {
    if (this.#pause > 0) this.#pause--;
  }
}
