/** Who is kept longest when the queue is full: `critical` last, `bulk` first. */
export type EventClass = "critical" | "normal" | "bulk";

/**
 * Where the queue lives: named files of text. A resolved promise means that a kill of the app does not undo the operation. An `append` that
 * a kill interrupts may leave a part of its text; nothing else may be left half done.
 */
export type Storage = {
  list(): Promise<readonly string[]>;
  /** The text of a file; "" when there is none. */
  read(name: string): Promise<string>;
  append(name: string, text: string): Promise<void>;
  /** Replaces a file as a whole. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
};

export type Request = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The app may be gone before the answer: the platform shall finish the request by itself, if it can. */
  readonly leaving: boolean;
  readonly timeoutMs: number;
};

export type Answer = { readonly status: number; header(name: string): string | null; readonly body: string };

/** Sends one POST and gives its answer, whatever the status; rejects when there was none. */
export type Network = (request: Request) => Promise<Answer>;

export type Clock = {
  /** Milliseconds since 1970; may jump. */
  now(): number;
  /** Milliseconds since some moment; never jumps. */
  monotonic(): number;
  /** Calls back once; gives what cancels it. */
  after(ms: number, callback: () => void): () => void;
};

/** Tells the client what happens to the app. Both give what ends the subscription. */
export type Lifecycle = {
  /** The app goes to the background or is about to be closed. */
  onLeave(callback: () => void): () => void;
  /** The app is in front again, or the network is back. */
  onReturn(callback: () => void): () => void;
};

/** 0 up to 1. */
export type Random = () => number;
