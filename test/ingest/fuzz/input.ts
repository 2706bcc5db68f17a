/** Bytes to write to the server. */
export type FuzzInput = {
  readonly kind: string;
  readonly bytes: Buffer;
  /** Whether this is one request of HTTP, whatever its body holds: it must get one answer, and the connection serves another one. */
  readonly whole: boolean;
};

/** What is made into bad inputs. */
export type FuzzSeeds = {
  readonly key: string;
  readonly token: string;
  /** Valid events of many types, as JSON text. */
  readonly events: readonly string[];
  /** Valid data in Confluent framing, with the type of each. */
  readonly avro: readonly { readonly type: string; readonly bytes: Buffer }[];
};
