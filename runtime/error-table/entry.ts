export type ErrorEntry = {
  /** One sentence: what happened. */
  readonly title: string;
  /** What the person who reads it can do. */
  readonly remedy: string;
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean;
};
