import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleOf, generateCode, loadCatalogue } from "../../../schemas/index.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";

const root = resolve(import.meta.dirname, "../../..");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const catalogue = loadCatalogue();
const code = generateCode(catalogue, "ts").files.get("events.ts") as string;

/** An app with the generated code and the SDK. */
let app = "";

beforeAll(() => {
  app = mkdtempSync(join(tmpdir(), "hailstream-codegen-"));
  writeFileSync(join(app, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(app, "events.ts"), code);
  const packed = join(app, "node_modules/@hailstream/client");
  mkdirSync(packed, { recursive: true });
  execFileSync(process.execPath, [tsc, "-p", join(root, "client"), "--outDir", join(packed, "dist")]);
  writeFileSync(join(packed, "package.json"), readFileSync(join(root, "client/package.json")));
  symlinkSync(join(root, "node_modules/@types"), join(app, "node_modules/@types"));
});

afterAll(() => rmSync(app, { recursive: true }));

/** What the strictest compiler says. */
function compile(name: string, text: string): string {
  writeFileSync(join(app, name), text);
  const strict = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noUnusedLocals"];
  const module = ["--module", "nodenext", "--target", "es2022", "--types", "node", "--allowImportingTsExtensions"];
  try {
    execFileSync(process.execPath, [tsc, "--noEmit", ...strict, ...module, "--erasableSyntaxOnly", name], {
      cwd: app,
      encoding: "utf8",
    });
    return "";
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}

const given = `
import { createClient, memoryStorage } from "@hailstream/client";
import * as events from "./events.ts";
import { classes, driverId, type DriverId, type Events, type RiderId, tripId } from "./events.ts";
const options = { url: "http://127.0.0.1:1", key: "k", source: "/apps/test", storage: memoryStorage(), classes };
const client = createClient<Events>(options);
declare const driver: DriverId, rider: RiderId, text: string, here: { latitude: number; longitude: number };
`;

const right = `
events.trackDriverLocation(client, { driver_id: driver, latitude: 40.7, longitude: -74 });
events.trackDriverLocation(client, { driver_id: "drv_1", ...here, speed: null, heading_degrees: undefined }, "drv_1");
events.trackDriverStatus(client, { driver_id: driver, status: "on_trip" });
events.trackTripRequested(client, { trip_id: tripId(text), rider_id: rider, ...here, passenger_count: 2 });
events.trackTripCompleted(client, { trip_id: "trp_1", driver_id: driverId(text), stored_and_forwarded: true });
events.trackAppError(client, { session_id: "ses_1", app: "rider", app_version: "6.1.2", platform: "ios",
  error_type: "TypeError", message: "no", fatal: false, stack: ["a", "b"], user_id: rider });
const kept: Promise<"stored" | "memory" | "dropped"> = events.trackTripRated(client, { trip_id: "trp_1", rated_by: "rider", rating: 5 }).kept;
client.track("trip.rated", { trip_id: "trp_1", rated_by: "driver", rating: 4 });
events.trackDriverStatus(createClient(options), { driver_id: driver, status: "open" });
const count: number = events.trackDriverStatus({ track: (type: string, data: object) => type.length + Object.keys(data).length },
  { driver_id: driver, status: "open" });
`;

const wrong: Readonly<Record<string, string>> = {
  "no such function": `events.trackDriverLocaton(client, { driver_id: driver, ...here });`,
  "no such event": `client.track("driver.locaton", { driver_id: driver, ...here });`,
  "a field is missing": `events.trackDriverLocation(client, { driver_id: driver, latitude: 40.7 });`,
  "no such field": `events.trackDriverLocation(client, { driver_id: driver, ...here, velocity: 8 });`,
  "a text for a number": `events.trackDriverLocation(client, { driver_id: driver, latitude: "40.7", longitude: -74 });`,
  "null where there must be something": `events.trackDriverLocation(client, { driver_id: null, ...here });`,
  "no such symbol": `events.trackDriverStatus(client, { driver_id: driver, status: "online" });`,
  "a rider for a driver": `events.trackDriverStatus(client, { driver_id: rider, status: "open" });`,
  "any text for an id": `events.trackDriverStatus(client, { driver_id: text, status: "open" });`,
  "an item of the wrong type": `events.trackAppError(client, { session_id: "ses_1", app: "rider", app_version: "6", platform: "ios", error_type: "E", message: "m", fatal: true, stack: [1] });`,
  "the data of another event": `client.track("trip.rated", { trip_id: "trp_1", driver_id: driver });`,
  "a client of other events": `events.trackDriverStatus(createClient<{ "trip.rated": object }>(options), { driver_id: driver, status: "open" });`,
};

test("ten right uses compile, and twelve wrong ones do not", () => {
  const expected = Object.entries(wrong).map(([why, use]) => `// @ts-expect-error ${why}\n${use}`);
  expect(right.match(/^\S.*track/gm)).toHaveLength(10);
  expect(compile("uses.ts", `${given}${right}${expected.join("\n")}\nexport { count, kept };\n`)).toBe("");
}, 60_000);

test("each wrong use fails for what is wrong with it", () => {
  const bare = Object.values(wrong).join("\n");
  const errors = compile("wrong.ts", `${given}${bare}\nexport { driverId, tripId };\n`);
  const first = given.split("\n").length;
  const lines = [...errors.matchAll(/^wrong\.ts\((\d+),/gm)].map(([, line]) => Number(line) - first);
  expect([...new Set(lines)].sort((a, b) => a - b)).toEqual(Object.keys(wrong).map((_, index) => index));
  for (const word of ["trackDriverLocaton", "longitude", "velocity", '"online"', "`rdr_"]) {
    expect(errors).toContain(word);
  }
}, 60_000);

test("the example of docs/codegen.md fits the code and the SDK", () => {
  const page = readFileSync(join(root, "docs/codegen.md"), "utf8");
  const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, example]) => example as string);
  expect(examples).toHaveLength(1);
  const declared = "declare const url: string, key: string, session: { readonly user: string };\n";
  expect(compile("example.ts", `${declared}${examples[0]}export { kept };\n`)).toBe("");
}, 60_000);

test("what the functions give to a client is what ingest takes, for every event", async () => {
  type Call = { readonly type: string; readonly data: unknown; readonly subject: string | undefined };
  const module = (await import(pathToFileURL(join(app, "events.ts")).href)) as Record<string, unknown>;
  const tracker = { track: (type: string, data: unknown, subject?: string): Call => ({ type, data, subject }) };
  const { schemas, stop } = await startOfflineSchemas();
  const posted = [...catalogue.types.values()].filter(
    ({ kind, name }) => kind === "event" && name !== "app.events_dropped",
  );
  for (const type of posted) {
    const track = module[`track${type.schema.name}`] as (to: typeof tracker, data: unknown, subject?: string) => Call;
    const call = track(tracker, exampleOf(type), "drv_1");
    expect(call).toMatchObject({ type: type.name, subject: "drv_1" });
    expect(schemas.check(call.type, JSON.parse(JSON.stringify(call.data)))).toEqual([]);
  }
  expect(module.classes).toEqual(Object.fromEntries(posted.map((type) => [type.name, type.class])));
  expect(Object.keys(module).filter((name) => name.startsWith("track"))).toHaveLength(posted.length);
  await stop();
});

test("an id of another thing is told when it comes into the app, without repeating it", async () => {
  const { driverId } = (await import(pathToFileURL(join(app, "events.ts")).href)) as {
    driverId(text: string): string;
  };
  expect(driverId("drv_1")).toBe("drv_1");
  expect(() => driverId("drv_")).toThrow("begins with drv_");
  expect(() => driverId("rdr_1")).toThrow("Expected an id that begins with drv_, got another text of 5 characters");
});

test("prefixes are those of the examples", () => {
  for (const type of catalogue.types.values()) {
    const example = exampleOf(type);
    for (const { name, idPrefixes } of type.fields) {
      if (idPrefixes === undefined) continue;
      expect([type.name, name, idPrefixes.some((prefix) => String(example[name]).startsWith(prefix))]).toEqual([
        type.name,
        name,
        true,
      ]);
    }
  }
});
