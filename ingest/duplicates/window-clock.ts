/** How many marks there are in a window: its end is that exact. */
const marksOfWindow = 1_024;

/** Knows how old the positions of a window are: instead of a time for each of them it keeps a mark now and then. */
export class WindowClock {
  readonly #windowMs: number;
  readonly #marks: { readonly position: number; readonly time: number }[] = [];

  /** @param windowMs how old a position may become */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Says that all positions before `head` are from `time` (milliseconds since 1970) or earlier. */
  mark(head: number, time: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && (last.position === head || time - last.time < this.#windowMs / marksOfWindow)) return;
    this.#marks.push({ position: head, time });
  }

  /** The first position that may still be within the window; all before it are older. */
  firstWithin(time: number): number {
    const marks = this.#marks;
    const earliest = time - this.#windowMs;
    while (marks[1] !== undefined && marks[1].time <= earliest) marks.shift();
    return marks[0] !== undefined && marks[0].time <= earliest ? marks[0].position : 0;
  }
}
