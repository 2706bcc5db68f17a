import { afterAll, beforeAll, expect, test } from "vitest";
import { describeRecord } from "../../console/kafka/describe-record.ts";
import { groupDetail, groupRows, partitionRows, topicRows } from "../../console/kafka/rows.ts";
import { type ClusterLook, ratesBetween } from "../../console/kafka/watch.ts";
import { pageOf, pageRows, sortedRows } from "../../console/lists/list.ts";
import { maskText } from "../../console/live/shapes.ts";
import { recordsText, waitText } from "../../console/page/parts/lag-words.ts";
import { listAddress, listPlaceOf, nameAt } from "../../console/page/parts/list-address.ts";
import { browsePlaceOf, browseQuery, fieldOfTime, timeOfField } from "../../console/page/topics/browse-address.ts";
import type { GroupState, KafkaRecord, PartitionState } from "../../kafka/index.ts";
import { exampleOf, type Schemas } from "../../schemas/index.ts";
import { startOfflineSchemas } from "../support/offline-schemas.ts";
import { midnight } from "./looks.ts";

let schemas: Schemas;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ schemas, stop } = await startOfflineSchemas());
});
afterAll(() => stop());

const place = (n: number) => ({ topic: "t", partition: n, leader: 1, replicas: 3, inSync: 3 });
type Known = Exclude<PartitionState, { readonly why: string }>;
const partition = (n: number, high: bigint, parts: Partial<Known> = {}): Known => ({
  ...{ ...place(n), low: 0n, high },
  ...parts,
});
const lost = (n: number): PartitionState => ({ ...place(n), leader: -1, why: "there is no leader" });

function group(groupId: string, members: number, lags: readonly [string, bigint, number][]): GroupState {
  return {
    ...{ groupId, state: members > 0 ? "Stable" : "Empty" },
    members: Array.from({ length: members }, () => ({ clientId: "c", host: "h", partitions: [] })),
    lags: lags.map(([topic, records, seconds], i) => ({
      ...{ groupId, topic, partition: i, committed: 1n, records, seconds },
    })),
  };
}

const lookAt = (
  topics: Readonly<Record<string, readonly PartitionState[]>>,
  groups: readonly GroupState[] = [],
  at = midnight,
): ClusterLook => ({
  ...{ at, topics: new Map(Object.entries(topics)), rates: new Map(), missing: [] },
  groups: new Map(groups.map((each) => [each.groupId, each])),
});

const hurtWords = "offsets of 1 of 2 partitions not known: there is no leader";

test("a topic has the lag of the group that is furthest behind, and says what is wrong with its replicas", () => {
  const rows = topicRows(
    lookAt(
      {
        calm: [partition(0, 10n)],
        hurt: [lost(0), partition(1, 4n, { inSync: 2 })],
        thin: [partition(0, 7n, { low: 2n, inSync: 1 }), partition(1, 3n)],
      },
      [
        group("a", 1, [
          ["thin", 3n, 4],
          ["thin", 2n, 9],
        ]),
        group("b", 1, [["thin", 4n, 1]]),
      ],
    ),
  );
  expect(rows).toMatchObject([
    { name: "calm", records: 10, trouble: null, groups: 0, lagRecords: null, lagSeconds: null },
    { name: "hurt", records: 4, trouble: "1 partition without a leader", unknown: hurtWords },
    { name: "thin", records: 8, trouble: "1 partition not fully replicated", groups: 2, lagRecords: 5, lagSeconds: 9 },
  ]);
});

test("a group without members is in trouble while there is something to read", () => {
  const rows = groupRows(
    lookAt({}, [group("dead", 0, [["t", 5n, 60]]), group("idle", 0, [["t", 0n, 0]]), group("new", 0, [])]),
  );
  expect(rows.map(({ name, trouble, lagRecords }) => [name, trouble, lagRecords])).toEqual([
    ["dead", "nobody reads", 5],
    ["idle", null, 0],
    ["new", null, null],
  ]);
});

test("what is not known of a group is no lag of nought and no group that nobody reads for, and comes first", () => {
  const known = group("part", 1, [
    ["t", 5n, 60],
    ["t", 0n, 0],
  ]);
  const part = { ...known, lags: [...known.lags, { ...lagOf("part", 2), why: "there is no leader" }] };
  const whole = { ...group("whole", 1, []), lags: [{ ...lagOf("whole", 0), why: "broker 2 says: moved" }] };
  const unread = { ...group("unread", 0, []), state: "Unknown", why: "broker 2 does not answer: gone" };
  const look = lookAt({ t: [partition(0, 10n), partition(1, 5n), lost(2)] }, [part, whole, unread]);
  expect(groupRows(look)).toMatchObject([
    {
      name: "part",
      lagRecords: 5,
      lagSeconds: 60,
      unknown: "offsets of 1 of 3 partitions not known: there is no leader",
    },
    {
      name: "whole",
      lagRecords: null,
      lagSeconds: null,
      unknown: "offsets of 1 of 1 partition not known: broker 2 says: moved",
    },
    { name: "unread", lagRecords: null, trouble: null, unknown: "broker 2 does not answer: gone" },
  ]);
  expect(topicRows(look)).toMatchObject([{ records: 15, lagRecords: 5, lagSeconds: 60 }]);
  expect(topicRows(lookAt({ t: [lost(0)] }))).toMatchObject([{ records: null, lagRecords: null }]);
  expect(groupDetail(part).lags.map(({ partition: n, records, unknown }) => [n, records, unknown])).toEqual([
    [2, null, "there is no leader"],
    [0, 5, null],
    [1, 0, null],
  ]);
  expect(partitionRows([lost(2)])).toMatchObject([{ low: null, high: null, unknown: "there is no leader" }]);
  expect([recordsText(0, true), recordsText(5, true), recordsText(0), recordsText(null, true)]).toEqual([
    "–",
    "≥ 5",
    "0",
    "–",
  ]);
  expect([waitText(0, true), waitText(60, true), waitText(null)]).toEqual(["–", "≥ 60 s", "–"]);
});

const lagOf = (groupId: string, n: number) => ({ groupId, topic: "t", partition: n, committed: 1n });

test("a rate is taken between two looks; of a topic that was made anew, or across a long pause, there is none", () => {
  const before = lookAt({ grows: [partition(0, 100n)], anew: [partition(0, 50n)] });
  const later = (ms: number) =>
    ratesBetween(before, lookAt({ grows: [partition(0, 160n)], anew: [partition(0, 5n)] }, [], midnight + ms));
  expect([...later(3_000)]).toEqual([["grows", 20]]);
  expect([...later(120_000)]).toEqual([]);
  expect([...ratesBetween(undefined, before)]).toEqual([]);
});

test("a list is filtered in any case, sorted by what is worst, and paged", () => {
  const rows = [3, null, 9, 9].map((lag, i) => ({ name: `Row-${i}`, lag }));
  const sorts = { worst: [(row: (typeof rows)[0]) => row.lag], name: [(row: (typeof rows)[0]) => row.name] };
  const names = (name: string, sort: string) => sortedRows(rows, { name, sort }, sorts).map((row) => row.name);
  expect(names("", "worst")).toEqual(["Row-2", "Row-3", "Row-0", "Row-1"]);
  expect(names(" rOW-3", "name")).toEqual(["Row-3"]);
  // What every object has is no order of ours.
  expect(names("", "constructor")).toEqual(names("", "worst"));
  const many = Array.from({ length: pageRows + 1 }, (_, i) => i);
  expect(pageOf(many, 2)).toEqual({ matched: pageRows + 1, page: 2, pages: 2, rows: [pageRows] });
  expect(pageOf(many, 9).page).toBe(2);
  expect(pageOf([], 1)).toEqual({ matched: 0, page: 1, pages: 1, rows: [] });
});

const record = (value: Buffer | null, headers: KafkaRecord["headers"] = {}): KafkaRecord => ({
  ...{ offset: "7", timestamp: String(midnight), key: Buffer.from("drv_1"), value, headers },
});

test("a record is decoded; the role view sees neither personal fields, nor the key that is one, nor bytes", async () => {
  const type = schemas.catalogue.types.get("driver.location");
  if (type === undefined) throw new Error("no driver.location");
  const data = { ...(exampleOf(type) as Record<string, unknown>), driver_id: "drv_secret" };
  const value = schemas.encode("driver.location", data);
  const given = record(value, { ce_type: "driver.location", ce_subject: "drv_secret", ce_id: "id-1", other: "x" });
  const open = await describeRecord(given, schemas, true);
  expect(open).toMatchObject({ offset: "7", type: "driver.location", key: "drv_1", masked: [], size: value.length });
  expect(open.data).toMatchObject({ driver_id: "drv_secret" });
  expect(open.bytes).toBe(value.toString("base64"));
  const closed = await describeRecord(given, schemas, false);
  expect(closed).toMatchObject({ key: maskText, data: { driver_id: maskText } });
  expect(closed.masked).toContain("driver_id");
  expect(JSON.stringify(closed)).not.toContain("drv_secret");
  expect(closed.bytes).toBeUndefined();
  expect(closed.headers).toContainEqual({ name: "ce_id", value: "id-1" });
  expect(closed.headers).toContainEqual({ name: "other", value: maskText });
});

test("what cannot be decoded is a row with its bytes and the reason; a tombstone says that it is one", async () => {
  const torn = schemas.encode("city", exampleOf(schemas.catalogue.types.get("city") as never)).subarray(0, 9);
  const bad = await describeRecord(record(torn), schemas, true);
  expect(bad.problem).toMatch(/record_/);
  expect(bad).toMatchObject({ bytes: torn.toString("base64"), type: null });
  expect(bad.data).toBeUndefined();
  expect((await describeRecord(record(Buffer.from("hello")), schemas, true)).problem).toContain("5 bytes");
  expect((await describeRecord(record(null), schemas, true)).problem).toContain("tombstone");
  const json = record(Buffer.from('{"name":"Ada"}'));
  expect((await describeRecord(json, schemas, true)).data).toEqual({ name: "Ada" });
  expect(JSON.stringify(await describeRecord(json, schemas, false))).not.toContain("Ada");
});

test("a view is an address: what is shown is read from it and written into it", () => {
  for (const search of ["", "?partition=3", "?partition=0&offset=12", "?partition=1&before=9&open=8"]) {
    expect(browseQuery(browsePlaceOf(search))).toBe(search);
  }
  const timed = browsePlaceOf("?time=2026-11-27T00:00:00Z");
  expect(timed).toEqual({ time: "2026-11-27T00:00:00Z" });
  expect(browsePlaceOf("?partition=x&offset=-1&time=soon&before=1e9")).toEqual({});
  expect(timeOfField("2026-11-27T00:00:05", "utc")).toBe("2026-11-27T00:00:05.000Z");
  expect(timeOfField("", "utc")).toBeUndefined();
  for (const zone of ["utc", "local"] as const) {
    expect(timeOfField(fieldOfTime("2026-11-27T00:00:05.000Z", zone), zone)).toBe("2026-11-27T00:00:05.000Z");
  }
  for (const search of ["", "?name=trips", "?name=a+b&sort=lag&page=3"]) {
    expect(listAddress("/topics", listPlaceOf(search))).toBe(`/topics${search}`);
  }
  expect([nameAt("/topics", "/topics"), nameAt("/topics/a%2Fb", "/topics")]).toEqual(["", "a/b"]);
  expect(nameAt("/topics/%E0%A4%A", "/topics")).toBe("%E0%A4%A");
  expect(listPlaceOf("?page=-4")).toEqual({ name: "", sort: "worst", page: 1 });
});
