import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { Service } from "../../../runtime/index.ts";
import type { Database } from "../../../store/index.ts";
import {
  type Behaviour,
  type FreshDatabase,
  freshDatabase,
  quickOptions,
  startReceiver,
  startSender,
  type TestReceiver,
} from "./support.ts";

export type Webhooks = {
  /** As its owner; empty at the start of each test. */
  readonly db: Database;
  /** As the role that senders have. */
  readonly sink: Database;
  receiver(behave?: Behaviour): Promise<TestReceiver>;
  sender(flags?: Readonly<Record<string, string>>): Promise<Service>;
  /** Ends it behind the test, the last one first. */
  endLater(one: { stop(): Promise<void> }): void;
  /** Ends what was started last, now. */
  endNewest(): Promise<void>;
};

/** A database for the tests of this file, and receivers and senders that end with their test. */
export function useWebhooks(): Webhooks {
  let fresh: FreshDatabase;
  const running: { stop(): Promise<void> }[] = [];
  beforeAll(async () => {
    fresh = await freshDatabase();
  });
  beforeEach(() => fresh.db.execute("truncate webhook.attempts, webhook.deliveries, webhook.endpoints"));
  afterEach(async () => {
    for (const each of running.splice(0).reverse()) await each.stop();
  });
  afterAll(() => fresh.stop());
  const started = async <T extends { stop(): Promise<void> }>(one: Promise<T>): Promise<T> => {
    running.push(await one);
    return one;
  };
  return {
    get db() {
      return fresh.db;
    },
    get sink() {
      return fresh.sink;
    },
    receiver: (behave) => started(startReceiver(behave)),
    sender: (flags) => started(startSender(fresh.sink, quickOptions(flags))),
    endLater: (one) => void running.push(one),
    endNewest: async () => running.pop()?.stop(),
  };
}
