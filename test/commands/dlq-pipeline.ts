import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { expect, inject } from "vitest";
import { createAudit } from "../../audit/index.ts";
import { add as addDlq } from "../../commands/dlq.ts";
import { add as addReplayTopic } from "../../commands/replay-topic.ts";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { createMetrics, readOptions, type Service, silentLogger } from "../../runtime/index.ts";
import { createSchemas, envelopeHeaders, exampleOf, schemaOptions } from "../../schemas/index.ts";
import { sinkOf } from "../../sinks/connectors/build.ts";
import { loadConnectors } from "../../sinks/connectors/load-files.ts";
import { createSinkRunner, prepareDatabase } from "../../sinks/index.ts";
import type { Letter } from "../../store/index.ts";
import { connection, count, createTestDatabase, mayStandStill } from "../sinks/pipeline.ts";
import { eventually } from "../support/wait.ts";

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** What `redrive --json` prints. */
export type Redriven = {
  readonly dryRun: boolean;
  readonly ok: boolean;
  readonly redrive: string | null;
  readonly matched: number;
  readonly redriven: number;
  readonly failed: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly interrupted: boolean;
  readonly letters: readonly { id: string; outcome: string; code: string }[];
};

/** What `list --json` prints. */
export type ListedLetters = {
  readonly total: number;
  readonly next?: string;
  readonly counts: readonly { place: string; consumer: string; code: string; state: string; count: number }[];
  readonly letters: readonly Letter[];
};

export type DlqPipeline = Awaited<ReturnType<typeof openDlqPipeline>>;

/** A database of its own with the tables of the catalogue, sinks as they run in production, and the command. */
export async function openDlqPipeline(run: string, more: readonly string[] = []) {
  const dir = mkdtempSync(join(tmpdir(), "hailstream-dlq-"));
  const db = await createTestDatabase("dlq");
  const registry = { "registry-url": inject("registry"), "registry-cache-dir": join(dir, "schemas") };
  const options = readOptions(schemaOptions, { flags: registry });
  const schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics() });
  await schemas.start(() => undefined);
  await prepareDatabase(db.ownerUrl, schemas.catalogue, silentLogger);
  const running: Service[] = [];
  const flags = [
    ...["--postgres-url", db.ownerUrl, "--data-dir", dir, "--registry-url", inject("registry")],
    ...["--registry-cache-dir", join(dir, "schemas"), "--kafka-brokers", inject("kafka")],
    ...["--sinks-connectors-dir", dir, "--sinks-group-id", `events-${run}`, "--by", "tester", ...more],
  ];

  /** A command within this process. */
  async function runHere(add: typeof addDlq, command: readonly string[], words: readonly string[]): Promise<Ran> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    let code = 0;
    add(program, { env: {}, stdout, stderr }, (given) => {
      code = given;
    });
    await program.parseAsync([...command, ...flags, ...words], { from: "user" });
    return { code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
  }
  const dlq = (part: string, ...words: readonly string[]) => runHere(addDlq, ["dlq", part], words);

  return {
    ...{ dir, db, schemas, dlq },

    /** `hailstream replay-topic … --json`. */
    async replay(...words: readonly string[]) {
      const { code, out } = await runHere(addReplayTopic, ["replay-topic"], ["--json", ...words]);
      return { code, ...(JSON.parse(out) as Readonly<Record<string, unknown>>) };
    },

    /** The process that users run. */
    spawn(command: readonly string[], ...words: readonly string[]) {
      const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HAILSTREAM_")));
      const child = spawn(process.execPath, ["main.ts", ...command, ...flags, ...words], {
        stdio: ["ignore", "pipe", "pipe"],
        env: clean,
      });
      const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
      const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(
        ([code, out, err]): Ran => ({ code, out, err }),
      );
      return { child, ended };
    },

    list: async (...words: readonly string[]) =>
      JSON.parse((await dlq("list", "--json", ...words)).out) as ListedLetters,
    redrive: async (...words: readonly string[]) =>
      JSON.parse((await dlq("redrive", "--json", ...words)).out) as Redriven,

    /** A record of an event as ingest writes it, of the example of its type with these changes. */
    event(type: string, id: string, changes: Readonly<Record<string, unknown>> = {}, key = id): OutgoingRecord {
      const data = { ...exampleOf(schemas.catalogue.types.get(type) as never), ...changes };
      const time = "2015-01-31T12:00:00.000Z";
      const headers = envelopeHeaders({ id, type, source: "/test", time, receivedAt: Date.parse(time) });
      return { key, value: schemas.encode(type, data), headers };
    },

    /** What `hailstream audit` finds wrong with ratings, which came by this topic. */
    async auditRatings(topic: string) {
      const table = { type: "trip.rated", tableName: "trip_rated", keyField: "trip_id", source: topic, topic };
      const parts = { db: db.owner, connection: connection(), sinkGroup: `events-${run}`, log: silentLogger };
      const { checked, missing, extra, unnamed } = await createAudit({ ...parts, tables: [table] }).run();
      return { checked, missing: missing.length, extra: extra.length, unnamed: unnamed.length };
    },

    /**
     * Begins something and, when it waits since it is about to write into `table` what fulfils `condition`, does `work`; behind that it goes on. What was begun is
     * given back. @param waiter part of the name that it has in the database
     */
    async whileHeld<T>(
      { table, condition, waiter }: { readonly table: string; readonly condition: string; readonly waiter: string },
      begin: () => T,
      work: (begun: T) => Promise<void>,
    ): Promise<{ readonly begun: T }> {
      const lock = 4_711;
      await db.owner.execute(`
        create or replace function wait_for_test() returns trigger language plpgsql as $$
        begin if ${condition} then perform pg_advisory_xact_lock(${lock}); end if; return new; end $$;
        create or replace trigger wait_for_test before update on ${table} for each row execute function wait_for_test()`);
      const held = await db.owner.transaction(async (tx) => {
        await mayStandStill(tx);
        await tx.query("select pg_advisory_xact_lock($1)", [lock]);
        const begun = begin();
        const waits = `pg_stat_activity join pg_locks using (pid) where application_name like '%${waiter}%' and locktype = 'advisory' and objid = ${lock} and not granted`;
        await eventually(async () => expect(await count(db, waits)).toBe(1));
        await work(begun);
        // In an object: what is begun may be a promise, which is not waited for here.
        return { begun };
      });
      await db.owner.execute(`drop trigger wait_for_test on ${table}`);
      return held;
    },

    /** A connector of one's own, as a file. */
    declare: (name: string, lines: readonly string[]) => writeFileSync(join(dir, `${name}.yaml`), lines.join("\n")),

    /** The sink of a connector at work on one topic. */
    async startSink(connector: string, groupId: string, topic: string): Promise<Service> {
      const config = loadConnectors(dir).find((each) => each.config.name === connector)?.config;
      if (config === undefined) throw new Error(`there is no connector ${connector}`);
      const metrics = createMetrics();
      const world = { db: db.sink, schemas, metrics, store: { url: db.ownerUrl } };
      const sink = sinkOf(config, world, silentLogger);
      await sink.start(() => undefined);
      const parts = { connection: connection(), db: db.sink, sink, groupId, topics: [topic], circuitRecords: 0 };
      const service = createSinkRunner({ name: connector, ...parts, log: silentLogger, metrics });
      await service.start(() => undefined);
      running.push(service);
      return service;
    },

    async close(): Promise<void> {
      for (const service of running) await service.stop();
      await schemas.stop();
      await db.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
