/** What the server tells the page about alerts. Times are milliseconds since 1970. */

/** How something that a rule watches stands; `silenced` is said beside it. */
export type WatchState = "firing" | "pending" | "no_data" | "error";

/** One thing that a rule watches and that is not all right. */
export type Watched = {
  readonly rule: string;
  readonly severity: string;
  /** What the rule is for. */
  readonly description: string;
  readonly state: WatchState;
  readonly labels: Labels;
  readonly since?: number;
  readonly summary?: string;
  /** How many messages there were; 0: told to nobody. */
  readonly told?: number;
  /** Ids of the silences that hold for it. */
  readonly silencedBy: readonly string[];
};

export type Labels = Readonly<Record<string, string>>;

export type Silence = {
  readonly id: string;
  readonly matches: Labels;
  readonly starts: number;
  readonly ends: number;
  readonly reason: string;
  readonly madeBy: string;
};

/** How all rules stand at a moment. */
export type AlertsNow = {
  readonly at: number;
  readonly watched: readonly Watched[];
  /** Of how many things these are; what is all right is not among them. */
  readonly total: number;
  /** How many things are watched and all right. */
  readonly quiet: number;
  readonly rules: readonly RuleLine[];
  /** Those that hold, and with `ended` those of the last thirty days. */
  readonly silences: readonly Silence[];
};

export type RuleLine = {
  readonly name: string;
  /** `built-in`: told by the senders of webhooks themselves. */
  readonly source: "file" | "saved" | "built-in";
  readonly severity: string;
  readonly description: string;
  readonly on: readonly string[];
  /** Why it is left out. */
  readonly problem?: string;
};

/** Why an alert was told. */
export const notifications = ["opened", "changed", "repeated", "resolved"] as const;
export type Notification = (typeof notifications)[number];

/** One message about an incident. */
export type Transition = {
  readonly id: string;
  readonly incident: string;
  readonly rule: string;
  readonly severity: string;
  readonly notification: Notification;
  readonly cause: string;
  readonly sequence: number;
  readonly at: number;
  readonly started: number;
  readonly ended: number | null;
  readonly summary: string;
  readonly labels: Labels;
  /** Of the event behind it. */
  readonly eventId: string;
  readonly eventType: string;
  /** How many endpoints wanted it, and how many have it. */
  readonly wanted: number;
  readonly delivered: number;
};

export const deliveryStates = ["pending", "delivered", "exhausted"] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export type Delivery = {
  readonly id: string;
  readonly messageId: string;
  readonly state: DeliveryState;
  readonly endpointId: string;
  readonly endpoint: string;
  /** Whether anything is sent there now. */
  readonly endpointState: "active" | "disabled" | "deleted";
  readonly made: number;
  readonly attempts: number;
  readonly lastResult: string | null;
  readonly lastStatus: number | null;
  readonly nextTry: number | null;
  readonly finished: number | null;
  /** Of the alert, where it is a row by now. */
  readonly rule: string | null;
  readonly notification: Notification | null;
};

/** One POST; without a result nobody could write one. */
export type Attempt = {
  readonly attempt: number;
  readonly at: number;
  readonly seconds: number | null;
  readonly result: string | null;
  readonly status: number | null;
  readonly detail: string | null;
};

export type DeliveryWhole = Delivery & {
  readonly url: string;
  readonly summary: string | null;
  readonly tries: readonly Attempt[];
  readonly done: readonly Action[];
};

/** A page of a list; `next` leads to what is older. */
export type Page<T> = { readonly rows: readonly T[]; readonly next: string | null };

/** Something that a person did by the console. */
export type Action = {
  readonly id: string;
  readonly at: number;
  readonly by: string;
  readonly action: string;
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
};

/** How many deliveries are sent again, and how many are not, and why. */
export type Replayed = { readonly replayed: number; readonly overtaken: number; readonly inactive: number };

export type EndpointLine = {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly format: string;
  readonly state: "active" | "disabled";
  readonly disabledReason: string | null;
  readonly failingSince: number | null;
  readonly pending: number;
  readonly exhausted: number;
};

/** A rule with its text, as it is edited. */
export type RuleWhole = RuleLine & {
  readonly text: string;
  readonly changedBy?: string;
  readonly changed?: number;
};

/** What a rule would have told of what arrived. */
export type Trial = {
  readonly sinceMs: number;
  readonly milliseconds: number;
  /** Events that it heard, and records that could not be read. */
  readonly heard: number;
  readonly unreadable: number;
  /** Incidents that would have begun, and messages about them. */
  readonly opened: number;
  readonly total: number;
  /** The first of these. */
  readonly messages: readonly {
    readonly at: number;
    readonly notification: Notification;
    readonly cause: string;
    readonly severity: string;
    readonly summary: string;
    readonly labels: Labels;
  }[];
};

/** What a receiver answered to a test, or why nothing came. */
export type TestAnswer = {
  readonly messageId: string;
  readonly result: string;
  readonly status: number | null;
  readonly seconds: number;
  readonly detail: string;
};
