import { Router } from "express";
import { z } from "zod";
import { type KafkaConnection, type PagePlace, readPage, topicSettings } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import { listFormats } from "../lists/file-text.ts";
import { listQuery, pageOf, type Sorts, sortedRows } from "../lists/list.ts";
import { sendList } from "../lists/send-list.ts";
import { checked } from "../server/checked.ts";
import { roleOf } from "../server/sign-in.ts";
import { describeRecord } from "./describe-record.ts";
import { groupDetail, groupRows, groupsOfTopic, partitionRows, topicRows, troubleOf } from "./rows.ts";
import type { GroupDetail, GroupRow, ListPage, RecordList, TopicDetail, TopicRow } from "./shapes.ts";
import { unknownWords } from "./unknown-words.ts";
import type { ClusterLook, ClusterWatch } from "./watch.ts";

export type KafkaRoutesParts = {
  readonly connection: KafkaConnection;
  readonly schemas: Schemas;
  readonly watch: ClusterWatch;
};

const isTrouble = ({ trouble, unknown }: Pick<TopicRow, "trouble" | "unknown">) =>
  trouble === null && unknown === null ? 0 : 1;

const topicSorts = {
  worst: [isTrouble, (row) => row.lagSeconds, (row) => row.lagRecords, (row) => row.name],
  name: [(row) => row.name],
  partitions: [(row) => row.partitions, (row) => row.name],
  records: [(row) => row.records, (row) => row.name],
  rate: [(row) => row.perSecond, (row) => row.records],
  groups: [(row) => row.groups, (row) => row.name],
  lag: [(row) => row.lagRecords, (row) => row.name],
  wait: [(row) => row.lagSeconds, (row) => row.name],
} satisfies Sorts<TopicRow>;

const groupSorts = {
  worst: [isTrouble, (row) => row.lagSeconds, (row) => row.lagRecords, (row) => row.name],
  name: [(row) => row.name],
  state: [(row) => row.state, (row) => row.name],
  members: [(row) => row.members, (row) => row.name],
  topics: [(row) => row.topics, (row) => row.name],
  lag: [(row) => row.lagRecords, (row) => row.name],
  wait: [(row) => row.lagSeconds, (row) => row.name],
} satisfies Sorts<GroupRow>;

const exportQuery = listQuery.extend({ format: z.enum(listFormats) });

const offset = z
  .string()
  .regex(/^\d{1,19}$/, "a whole number")
  .transform(BigInt);

/** Where to read: the newest ones, or the last before an offset, or from an offset or a moment (RFC 3339) on. */
const recordsQuery = z.object({
  partition: z.coerce.number().int().min(0).max(1_000_000).default(0),
  before: offset.optional(),
  offset: offset.optional(),
  time: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  format: z.enum(listFormats).optional(),
});

/** Topics, their records, and consumer groups. */
export function kafkaRoutes({ connection, schemas, watch }: KafkaRoutesParts): Router {
  const router = Router();

  router.get("/topics", async (request, response) => {
    const query = checked(listQuery, request.query);
    const look = await watch.look();
    const rows = topicRows(look);
    const page: ListPage<TopicRow> = {
      ...headOf(look),
      ...{ total: rows.length, ...pageOf(sortedRows(rows, query, topicSorts), query.page) },
    };
    response.json(page);
  });

  router.get("/groups", async (request, response) => {
    const query = checked(listQuery, request.query);
    const look = await watch.look();
    const rows = groupRows(look);
    const page: ListPage<GroupRow> = {
      ...headOf(look),
      ...{ total: rows.length, ...pageOf(sortedRows(rows, query, groupSorts), query.page) },
    };
    response.json(page);
  });

  router.get("/export/topics", async (request, response) => {
    const query = checked(exportQuery, request.query);
    sendList(
      response,
      { name: "topics", format: query.format },
      sortedRows(topicRows(await watch.look()), query, topicSorts),
    );
  });

  router.get("/export/groups", async (request, response) => {
    const query = checked(exportQuery, request.query);
    sendList(
      response,
      { name: "groups", format: query.format },
      sortedRows(groupRows(await watch.look()), query, groupSorts),
    );
  });

  router.get("/topics/:name", async (request, response) => {
    const { name } = request.params;
    const [look, settings] = await Promise.all([watch.look(), topicSettings(connection, name).catch(() => [])]);
    const partitions = look.topics.get(name);
    if (partitions === undefined) throw new PipelineError("console_topic_unknown", { fields: { topic: name } });
    const types = [...schemas.catalogue.types.values()].filter(
      ({ topic, enriched }) => topic === name || enriched?.topic === name,
    );
    const detail: TopicDetail = {
      ...{ ...headOf(look), name, trouble: troubleOf(partitions), unknown: unknownWords(partitions) },
      ...{ perSecond: look.rates.get(name) ?? null, settings },
      partitions: partitionRows(partitions),
      groups: sortedRows(groupsOfTopic(look, name), { name: "", sort: "worst" }, groupSorts),
      types: types.map((type) => ({ name: type.name, doc: type.doc })),
    };
    response.json(detail);
  });

  router.get("/groups/:name", async (request, response) => {
    const { name } = request.params;
    const look = await watch.look();
    const group = look.groups.get(name);
    if (group === undefined) throw new PipelineError("console_group_unknown", { fields: { group: name } });
    const detail: GroupDetail = { ...headOf(look), ...groupDetail(group) };
    response.json(detail);
  });

  router.get("/topics/:name/records", async (request, response) => {
    const topic = request.params.name;
    const { partition, limit, format, ...where } = checked(recordsQuery, request.query);
    const page = await readPage(connection, { topic, partition, limit, place: placeOf(where) });
    const seesAll = roleOf(response) === "operate" && format === undefined;
    const records = await Promise.all(page.records.map((record) => describeRecord(record, schemas, seesAll)));
    if (format === undefined) {
      const list: RecordList = { topic, partition, low: String(page.low), high: String(page.high), records };
      response.json(list);
      return;
    }
    const rows = records.map(({ offset: at, arrivedAt, key, type, data, problem, size }) => ({
      ...{ topic, partition, offset: at, arrived_at: new Date(arrivedAt).toISOString() },
      ...{ type, key, size, data: data ?? null, problem: problem ?? null },
    }));
    sendList(response, { name: `${topic}-${partition}`, format }, rows);
  });

  return router;
}

const headOf = ({ at, problem, missing }: ClusterLook) => ({
  ...{ at, ...(problem === undefined ? {} : { problem }) },
  ...(missing.length === 0 ? {} : { missing: missing.join("; ") }),
});

function placeOf({ before, offset: from, time }: Pick<z.output<typeof recordsQuery>, "before" | "offset" | "time">) {
  const place: PagePlace =
    from !== undefined ? { from } : time !== undefined ? { fromMs: Date.parse(time) } : { before: before ?? "end" };
  return place;
}
