import { expect, test } from "vitest";
import { lettersOfSinks } from "../../commands/dlq-list.ts";
import type { Database, TransactionOptions } from "../../store/index.ts";

/** A database without letters, and the transactions that it saw. */
function database() {
  const transactions: (TransactionOptions | undefined)[] = [];
  const tx = { query: async <R>(): Promise<R[]> => [] };
  const transaction: Database["transaction"] = (work, options) => {
    transactions.push(options);
    return work(tx as unknown as Parameters<typeof work>[0]);
  };
  return { transaction, transactions };
}

test("letters of processors alone are asked for without a transaction, those of sinks in one snapshot", async () => {
  const db = database();
  for (const filter of [{ places: ["stream"] }, { ids: ["stream:trips/0/7/step"] }]) {
    expect(await lettersOfSinks(db, filter, 51)).toEqual({ page: [], counts: [] });
  }
  expect(db.transactions).toEqual([]);
  await lettersOfSinks(db, { places: ["sinks"] }, 51);
  await lettersOfSinks(db, {}, 51);
  expect(db.transactions).toEqual([{ snapshot: true }, { snapshot: true }]);
});
