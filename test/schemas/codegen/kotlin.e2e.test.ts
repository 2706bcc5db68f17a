import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchJars } from "../../../bench/fetch-jars.ts";
import { generateCode, loadCatalogue, schemaFolder } from "../../../schemas/index.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";

const catalogue = loadCatalogue(schemaFolder, [join(import.meta.dirname, "fixture")]);
const serialization = "kotlin-serialization-compiler-plugin-embeddable-2.2.20.jar";

let jars = "";
let app = "";

beforeAll(async () => {
  const pom = join(import.meta.dirname, "kotlin");
  jars = await fetchJars(pom, join("test", "kotlin-2.2.20"), serialization);
  app = mkdtempSync(join(tmpdir(), "hailstream-kotlin-"));
  writeFileSync(join(app, "Events.kt"), generateCode(catalogue, "kotlin").files.get("Events.kt") as string);
});

afterAll(() => rmSync(app, { recursive: true, force: true }));

function java(...words: readonly string[]) {
  return spawnSync("java", ["-Xmx512m", "-XX:TieredStopAtLevel=1", ...words], { cwd: app, encoding: "utf8" });
}

/** Compiles a file with the generated one, by the compiler that Android's and the JVM's builds run. */
function compile(name: string, text: string) {
  writeFileSync(join(app, name), `package hailstream.events\n${text}`);
  const compiler = ["-cp", jars, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-no-stdlib", "-no-reflect"];
  const plugin = `-Xplugin=${jars.replace(/\*$/, serialization)}`;
  const path = [
    "-classpath",
    ["kotlin-stdlib-2.2.20", "kotlinx-serialization-core-jvm-1.9.0", "kotlinx-serialization-json-jvm-1.9.0"]
      .map((jar) => jars.replace(/\*$/, `${jar}.jar`))
      .join(":"),
  ];
  return java(...compiler, plugin, ...path, "-d", "out", "Events.kt", name);
}

const driver = `val driver = DriverId("drv_1")`;

test("generated Kotlin compiles, and what it writes is what ingest takes", async () => {
  const compiled = compile(
    "Main.kt",
    `${driver}
fun main() {
  val events: List<HailstreamEvent> = listOf(
    DriverLocation(driverId = driver, latitude = 40.7, longitude = -74.0, speed = 8.3),
    DriverStatus(driverId = driver, status = DriverStatusValue.ON_TRIP),
    TripCompleted(tripId = TripId("trp_1"), driverId = driver, fareAmount = -5_000_000_000L, storedAndForwarded = true),
    AppError(sessionId = SessionId("ses_1"), app = AppErrorApp.RIDER, appVersion = "6.1.2", platform = "ios",
      errorType = "E", message = "a \\"quoted\\" \\n line \\u0001 é 🚕", fatal = false, stack = listOf("a", "b"), userId = "rdr_1"),
    EveryKind(thingId = ThingId("thg_1"), maybeId = null, \`class\` = "c", \`in\` = EveryKindIn.DEFAULT, small = 9, large = null,
      rough = 0.5f, at = Timestamp(1764195101123L), until = Timestamp(0), labels = mapOf("a" to "b"),
      encoder = listOf("x", null), parts = listOf(EveryKindPart("p"), EveryKindPart("q", EveryKindIn.ON_TRIP)),
      rows = mapOf("r" to listOf(listOf(1, 2), listOf()))),
  )
  for (event in events) println(event.hailstreamType + " " + event.hailstreamClass + " " + event.toJson())
}
`,
  );
  expect(compiled.stderr).toBe("");
  const { stdout, stderr } = java(
    "-Dfile.encoding=UTF-8",
    "-Dstdout.encoding=UTF-8",
    "-cp",
    `out:${jars}`,
    "hailstream.events.MainKt",
  );
  expect(stderr).toBe("");
  const lines = stdout.trim().split("\n");
  expect(lines).toHaveLength(5);
  const { schemas, stop } = await startOfflineSchemas({}, catalogue);
  const seen = lines.map((line) => {
    const [, type = "", kind, json = ""] = /^(\S+) (\S+) (.*)$/.exec(line) ?? [];
    const data = JSON.parse(json) as Record<string, unknown>;
    expect({ type, wrong: schemas.check(type, data) }).toEqual({ type, wrong: [] });
    expect(kind).toBe(catalogue.types.get(type)?.class.toUpperCase());
    return data;
  });
  await stop();
  expect(seen[0]).toEqual({ driver_id: "drv_1", latitude: 40.7, longitude: -74, speed: 8.3 });
  expect(seen[3]).toMatchObject({ message: 'a "quoted" \n line \u0001 é 🚕' });
  expect(seen[4]).toEqual({
    thing_id: "thg_1",
    maybe_id: null,
    class: "c",
    in: "default",
    small: 9,
    large: null,
    rough: 0.5,
    at: 1_764_195_101_123,
    until: 0,
    labels: { a: "b" },
    encoder: ["x", null],
    parts: [{ part_name: "p" }, { part_name: "q", kind: "ON_TRIP" }],
    rows: { r: [[1, 2], []] },
  });
});

test("wrong uses of generated Kotlin do not compile", () => {
  const wrong = [
    "DriverLocaton(driverId = driver, latitude = 40.7, longitude = -74.0)",
    "DriverLocation(driverId = driver, latitude = 40.7)",
    'DriverLocation(driverId = driver, latitude = "40.7", longitude = -74.0)',
    "DriverLocation(driverId = driver, latitude = 40.7, longitude = -74.0, velocity = 8.3)",
    'DriverStatus(driverId = RiderId("rdr_1"), status = DriverStatusValue.OPEN)',
    'DriverStatus(driverId = "drv_1", status = DriverStatusValue.OPEN)',
    "DriverStatus(driverId = driver, status = DriverStatusValue.ONLINE)",
    "DriverStatus(driverId = null, status = DriverStatusValue.OPEN)",
  ];
  const { stderr } = compile("Wrong.kt", `${driver}\n${wrong.map((use, i) => `val wrong${i} = ${use}`).join("\n")}\n`);
  const lines = [...stderr.matchAll(/Wrong\.kt:(\d+):\d+: error/g)].map(([, line]) => Number(line) - 3);
  expect([...new Set(lines)]).toEqual(wrong.map((_, index) => index));
});
