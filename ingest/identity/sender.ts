/** Whoever posts: an app by its API key, or one device of it by its token. */
export type Sender = {
  /** Of the API key, for metrics, log and quarantine. */
  readonly name: string;
  /**
   * `test`: a person at a desk, who repairs what was sent: it is rejected. `live`: an app in the field, which cannot: it is quarantined.
   */
  readonly stage: "test" | "live";
  /** Whether the key's scopes hold an event type. */
  mayPost(type: string): boolean;
  /** Whom a device's token speaks for, such as "drv_123"; events of others are not taken from it. */
  readonly subject?: string;
  /** What one device's share is counted under. */
  readonly device?: string;
};

/** A sender who may post every type. */
export function anySender(name: string, stage: Sender["stage"] = "test"): Sender {
  return { name, stage, mayPost: () => true };
}
