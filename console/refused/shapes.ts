import type { Violation } from "../../schemas/index.ts";

/**
 * What was refused, and where it lies. `rejected`: the sender was told, and nothing is kept. `quarantined`: its bytes are kept, since its sender cannot repair it.
 * `dead`: accepted, and then a sink or a processor could not use it.
 */
export const kinds = ["rejected", "quarantined", "dead"] as const;
export type Kind = (typeof kinds)[number];

/** `waiting`: something can be done. `done`: it was replayed or redriven. */
export const conditions = ["waiting", "done", "all"] as const;
export type Condition = (typeof conditions)[number];

/** All that is given must hold; of a list, one of its items. */
export type RefusedFilter = {
  readonly kinds?: readonly Kind[] | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly schemaIds?: readonly (number | null)[] | undefined;
  readonly consumers?: readonly string[] | undefined;
  readonly topics?: readonly string[] | undefined;
  readonly condition?: "waiting" | "done" | "all" | undefined;
  /** By when an event was refused for the first time. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
};

/** Times are milliseconds since 1970; null: not known. */
export type Fault = Pick<Violation, "code" | "pointer" | "expected" | "got" | "didYouMean">;

/** What all refusals of a group have in common. */
export type GroupKey = {
  readonly kind: Kind;
  readonly code: string;
  readonly type: string;
  /** The source of the envelope: app and version; empty where it had none. Null: nobody counted by it. */
  readonly source: string | null;
  readonly schemaId: number | null;
  /** Of dead letters: the consumer that could not use it, and the topic that it was read from. */
  readonly consumer?: string;
  readonly topic?: string;
};

export type Group = GroupKey & {
  readonly count: number;
  /** Of these, for how many something can be done. */
  readonly waiting: number;
  readonly first: number | null;
  readonly last: number | null;
  /** The newest of them. */
  readonly example: { readonly id: string | null; readonly fault: Fault } | null;
};

/** One refusal in a list. */
export type Item = {
  readonly id: string;
  readonly kind: Kind;
  readonly code: string;
  readonly state: "open" | "fixed" | "replayed" | "redriven";
  readonly first: number;
  readonly last: number;
  /** How often its app has sent it. */
  readonly timesSeen: number;
  readonly eventId: string | null;
  readonly type: string | null;
  readonly attempts: number;
  /** What came of the last attempt; null: there was none, or nobody heard. */
  readonly lastAnswer: string | null;
  readonly fault: Fault;
};

/** One attempt to bring an event back. */
export type Attempt = {
  readonly at: number;
  readonly by: string;
  readonly answer: string | null;
  readonly code: string | null;
  /** Where it went and under which id, in words. */
  readonly to: string;
};

/** All that is known of one refusal. */
export type Whole = Item & {
  readonly source: string | null;
  readonly schemaId: number | null;
  readonly subject: string | null;
  /** Facts beyond the others, by name: the API key, the topic, the SQLSTATE. */
  readonly facts: Readonly<Record<string, string>>;
  readonly faults: readonly Fault[];
  readonly attemptList: readonly Attempt[];
  /** The event's data, read; null where the bytes cannot be read, and `unreadable` says why. */
  readonly data: unknown;
  readonly unreadable: string | null;
  /** The bytes as they came, base64; null: there are none, or the role may not see them. */
  readonly original: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The corrected version, an event in JSON. */
  readonly fixed: unknown;
  /** The bytes that would be sent now, base64, for whoever corrects them; null as `original`. */
  readonly version: string | null;
};

/** What the page shows of a code. */
export type Meaning = { readonly title: string; readonly remedy: string };

/** The first view: all groups. */
export type Groups = {
  readonly at: number;
  readonly groups: readonly Group[];
  /** There are more groups than are shown. */
  readonly cut: boolean;
  readonly meanings: Readonly<Record<string, Meaning>>;
  /** What cannot be seen now, and why. */
  readonly unknown: readonly string[];
};

export type Items = {
  readonly items: readonly Item[];
  /** Of the last one, when there are more. */
  readonly next: string | null;
  readonly group: Group | null;
  /** How many of all that the address wants wait. */
  readonly waiting: number;
  readonly meanings: Readonly<Record<string, Meaning>>;
};

export type OneItem = {
  readonly item: Whole;
  /** Whether personal fields were masked. */
  readonly masked: boolean;
  readonly meanings: Readonly<Record<string, Meaning>>;
};
