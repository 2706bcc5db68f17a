import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, inject, test } from "vitest";
import { createMetrics, silentLogger } from "../../runtime/index.ts";
import { parseEventType } from "../../schemas/catalogue.ts";
import {
  type AvroFieldJson,
  type Catalogue,
  createSchemas,
  exampleOf,
  loadCatalogue,
  type Schemas,
} from "../../schemas/index.ts";
import { connectRegistry } from "../../schemas/registry.ts";

const folders: string[] = [];
const started: Schemas[] = [];
afterAll(async () => {
  await Promise.all(started.map((schemas) => schemas.stop()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hailstream-registry-"));
  folders.push(folder);
  return folder;
}

const schemasWith = (more: { url?: string; cacheDir?: string; catalogue?: Catalogue } = {}) =>
  createSchemas({
    options: {
      url: more.url ?? inject("registry"),
      username: undefined,
      password: undefined,
      cacheDir: more.cacheDir ?? newFolder(),
      timeoutMs: 20_000,
    },
    log: silentLogger,
    metrics: createMetrics(),
    ...(more.catalogue === undefined ? {} : { catalogue: more.catalogue }),
  });

async function startedWith(more: Parameters<typeof schemasWith>[0] = {}): Promise<Schemas> {
  const schemas = schemasWith(more);
  await schemas.start((cause) => {
    throw cause;
  });
  started.push(schemas);
  return schemas;
}

const idsOf = (schemas: Schemas) =>
  [...schemas.catalogue.types.values()].flatMap((type) => [
    schemas.schemaIdOf(type.name),
    ...(type.enriched === undefined ? [] : [schemas.schemaIdOf(type.name, "enriched")]),
  ]);

/** A catalogue of one type with a topic of its own, so that its subject is new. */
function catalogueOf(topic: string, ...more: AvroFieldJson[]): Catalogue {
  const { enrichment } = loadCatalogue();
  const id = { name: "order_id", type: "string", doc: "The order." };
  const json = {
    type: "record",
    name: "OrderPlaced",
    namespace: "hailstream.events",
    doc: "An order was placed.",
    topic,
    key: "order_id",
    class: "normal",
    fields: [id, ...more],
  };
  const type = parseEventType("order.placed.avsc", JSON.stringify(json), "event", enrichment);
  return {
    types: new Map([[type.name, type]]),
    records: new Map([[type.fullName, { type, variant: "base" as const }]]),
    enrichment,
  };
}

const note: AvroFieldJson = { name: "note", type: ["null", "string"], default: null, doc: "A note; null when none." };

test("processes that register at the same time get the same ids, which stay", async () => {
  const [first, second] = await Promise.all([startedWith(), startedWith()]);
  const third = await startedWith();
  expect(new Set(idsOf(first)).size).toBe(idsOf(first).length);
  expect(idsOf(second)).toEqual(idsOf(first));
  expect(idsOf(third)).toEqual(idsOf(first));
  const subject = "driver-locations-hailstream.events.DriverLocation";
  const config = await fetch(`${inject("registry")}/config/${subject}`);
  expect(await config.json()).toEqual({ compatibilityLevel: "BACKWARD_TRANSITIVE" });
});

test("a restart works from the disk while the registry is down, a first start does not", async () => {
  // A door in front of the registry that can be shut: the address stays the same.
  const door = await openDoor(inject("registry"));
  const cacheDir = newFolder();
  const before = await startedWith({ url: door.url, cacheDir });
  door.shut();
  const after = await startedWith({ url: door.url, cacheDir });
  expect(idsOf(after)).toEqual(idsOf(before));
  const type = after.catalogue.types.get("trip.rated");
  if (type === undefined) throw new Error("no trip.rated");
  expect(await after.decode(before.encode(type.name, exampleOf(type)))).toMatchObject({
    ok: true,
    value: exampleOf(type),
  });
  await expect(after.decode(Buffer.from([0, 0, 0x7f, 0, 1, 0]))).rejects.toMatchObject({
    code: "schema_registry_unreachable",
    retryable: true,
  });
  const fresh = schemasWith({ url: door.url });
  await expect(fresh.start(() => undefined)).rejects.toMatchObject({
    code: "schema_registry_unreachable",
    retryable: true,
  });
  await fresh.stop();
});

test("a compatible new version gets a new id, and each version reads the other's records", async () => {
  const topic = `orders-${Date.now()}`;
  const old = await startedWith({ catalogue: catalogueOf(topic) });
  const now = await startedWith({ catalogue: catalogueOf(topic, note) });
  expect(now.schemaIdOf("order.placed")).not.toBe(old.schemaIdOf("order.placed"));
  const oldBytes = old.encode("order.placed", { order_id: "ord_1" });
  const newBytes = now.encode("order.placed", { order_id: "ord_2", note: "ring twice" });
  expect(await now.decode(oldBytes)).toMatchObject({ ok: true, value: { order_id: "ord_1", note: null } });
  expect(await now.decode(newBytes)).toMatchObject({ ok: true, value: { order_id: "ord_2", note: "ring twice" } });
  const seenByOld = await old.decode(newBytes);
  expect(seenByOld).toMatchObject({ ok: true, schemaId: now.schemaIdOf("order.placed") });
  expect(seenByOld.ok && seenByOld.value).toEqual({ order_id: "ord_2" });
  expect(now.decoderFor(old.schemaIdOf("order.placed"))?.current).toBe(false);
  expect(now.decoderFor(now.schemaIdOf("order.placed"))?.current).toBe(true);
});

test("a subject that was left without its rule of compatibility, as a process leaves it that dies there, is given it", async () => {
  const registry = connectRegistry({
    ...{ url: inject("registry"), username: undefined, password: undefined, cacheDir: newFolder(), timeoutMs: 20_000 },
  });
  const schema = { type: "record", name: "LeftHalfway", namespace: "test", fields: [] } as const;
  const post = (path: string, body: unknown) =>
    fetch(inject("registry") + path, {
      method: "POST",
      headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
      body: JSON.stringify(body),
    });
  const made = await post("/subjects/left-halfway/versions", { schema: JSON.stringify(schema) });
  const { id } = (await made.json()) as { id: number };
  expect(await registry.register("left-halfway", schema as never)).toBe(id);
  const rule = await fetch(`${inject("registry")}/config/left-halfway`);
  expect(await rule.json()).toEqual({ compatibilityLevel: "BACKWARD_TRANSITIVE" });
});

test("an incompatible version is refused", async () => {
  const topic = `orders-${Date.now()}-b`;
  await startedWith({ catalogue: catalogueOf(topic) });
  const broken = schemasWith({ catalogue: catalogueOf(topic, { name: "amount", type: "long", doc: "Cents." }) });
  await expect(broken.start(() => undefined)).rejects.toMatchObject({
    code: "schema_incompatible",
    retryable: false,
    message: expect.stringMatching(new RegExp(`${topic}-hailstream\\.events\\.OrderPlaced cannot read`)),
  });
  await broken.stop();
});

test("an id that the registry does not know is a verdict, and it is asked once for many records", async () => {
  const schemas = await startedWith();
  const bytes = Buffer.from([0, 0, 0x7f, 0, 2, 0]);
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => schemas.decode(bytes)));
  for (const verdict of verdicts) expect(verdict).toMatchObject({ ok: false, code: "record_schema_unknown" });
  expect(schemas.decode(bytes)).toMatchObject({ ok: false, code: "record_schema_unknown" });
  expect(schemas.decode(Buffer.from([1, 2, 3]))).toMatchObject({ ok: false, code: "record_framing_invalid" });
});

/** A TCP door to another address. */
async function openDoor(url: string): Promise<{ readonly url: string; shut(): void }> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = connect(Number(target.port), target.hostname);
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket
        .on("error", () => undefined)
        .on("close", () => {
          inner.destroy();
          outer.destroy();
        });
    }
    inner.pipe(outer).pipe(inner);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}${target.pathname}`,
    shut() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
