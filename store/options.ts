import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";

const url = z.string().regex(/^postgres(ql)?:\/\/\S+$/, "expected postgres://user:password@host:port/database");

const keepDays = z.string().transform((text, context) => {
  const days = new Map<string, number>();
  for (const part of text === "" ? [] : text.split(",")) {
    const [, type, count] = /^\s*([a-z0-9_.*]+)=(\d{1,6})\s*$/i.exec(part) ?? [];
    if (type === undefined || Number(count) < 1) {
      context.addIssue({
        code: "custom",
        message: `expected TYPE=DAYS, comma-separated, of at least one day; got ${part}`,
      });
      return z.NEVER;
    }
    days.set(type, Number(count));
  }
  return days;
});

export const storeOptions = defineOptions("postgres", {
  url: {
    schema: url,
    default: "postgres://hailstream@127.0.0.1:5433/hailstream",
    secret: true,
    description: "The database, as its owner: migrations and tables are made under this role.",
  },
  sinkUrl: {
    schema: url,
    secret: true,
    description:
      "The database, as the role that writes events and checkpoints but cannot change tables; the owner's without it.",
  },
  analystUrl: {
    schema: url,
    secret: true,
    description:
      "The database, as the role that reads analytics.* and no personal data; only shown, for analysts to connect with.",
  },
  keepDays: {
    schema: keepDays,
    default: "",
    unit: "days",
    description:
      "For how long tables keep events, by the day they happened on: TYPE=DAYS, comma-separated, * for all other types, such as driver.location=90,*=730. What is not named is kept for ever. Read by `migrate` and `up`.",
  },
  maxConnections: {
    schema: z.coerce.number().int().min(1).max(100),
    default: "4",
    unit: "connections",
    description: "The most connections that one process opens.",
  },
  statementTimeoutMs: {
    schema: z.coerce.number().int().min(100),
    default: "30000",
    unit: "ms",
    description: "How long one statement may take before the database cancels it; the work is then tried again.",
  },
  lockTimeoutMs: {
    schema: z.coerce.number().int().min(100),
    default: "15000",
    unit: "ms",
    description:
      "How long a statement waits for a lock; longer than the idle time-out, for a claim waits for a stopped worker.",
  },
  idleInTransactionTimeoutMs: {
    schema: z.coerce.number().int().min(100),
    default: "10000",
    unit: "ms",
    description:
      "When a worker stops inside a transaction, the database ends it after this long and frees its checkpoint.",
  },
});

export type StoreOptions = ValuesOf<typeof storeOptions>;
