import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { QuarantinePipeline } from "./quarantine-pipeline.ts";

/** `fix`: the flags that repair it; absent when it needs no repair. */
export type BadEvent = {
  readonly id: string;
  readonly code: string;
  /** Another than that of the app. */
  readonly key?: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fix?: readonly string[];
};

/** An event of every code that leads into quarantine, as an app would send it, and how it is repaired. */
export async function badEvents(pipeline: QuarantinePipeline): Promise<readonly BadEvent[]> {
  const { run, dir, event, data, post, keys, tokenOf } = pipeline;
  const { platform, ...withoutPlatform } = data("app.error");
  const misspelt = { ...event("misspelt", "app.error"), data: { ...withoutPlatform, plattform: platform } };
  const infinite = JSON.stringify(event("infinite", "safety.sos", { latitude: 77.25 })).replace("77.25", "1e999");
  const avroHeaders = (id: string, type: string) => ({
    "content-type": "application/avro",
    "ce-specversion": "1.0",
    "ce-id": `${id}-${run}`,
    "ce-type": type,
    "ce-source": "/apps/rider/ios/6.1.2",
    "ce-time": "2026-11-22T21:11:41.123Z",
  });
  const framed = (schemaId: number, rest: Buffer) => {
    const head = Buffer.alloc(5);
    head.writeInt32BE(schemaId, 1);
    return Buffer.concat([head, rest]);
  };
  // Any event tells the id of its schema; this one is stored.
  const first = await post(keys.app, JSON.stringify(event("taken", "safety.sos")));
  const { schema_id: sosSchema = 0 } = first;
  expect(first.status).toBe("accepted");
  const sosAvro = framed(
    sosSchema,
    Buffer.concat(["sos_1", "rdr_1"].map((id) => Buffer.from([id.length * 2, ...Buffer.from(id)]))),
  );
  const sos = Buffer.concat([sosAvro, Buffer.from([0, 0, 0, 0, 0])]);
  const file = async (id: string) => {
    const path = join(dir, `${id}.json`);
    await writeFile(path, JSON.stringify(event(id, "app.error")));
    return ["--file", path];
  };
  const j = JSON.stringify;
  const binary = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-type": "app.error",
    "ce-source": "/x",
  };
  return [
    {
      id: "misspelt",
      code: "event_field_unknown",
      body: j(misspelt),
      fix: ["--move", "/data/plattform=/data/platform"],
    },
    {
      id: "missing",
      code: "event_field_missing",
      body: j({ ...misspelt, id: `missing-${run}`, data: withoutPlatform }),
      fix: ["--set", "/data/platform=ios"],
    },
    {
      id: "text",
      code: "event_type_mismatch",
      body: j(event("text", "app.error", { fatal: "no" })),
      fix: ["--set", "/data/fatal=false"],
    },
    {
      id: "app",
      code: "event_enum_unknown",
      body: j(event("app", "app.error", { app: "courier" })),
      fix: ["--set", "/data/app=driver"],
    },
    {
      id: "stack",
      code: "event_items_too_many",
      body: j(event("stack", "app.error", { stack: Array(201).fill("at x") })),
      fix: [
        "--pipe",
        `"${process.execPath}" -e 'process.stdin.on("data", (d) => { const e = JSON.parse(d); e.data.stack.length = 200; console.log(JSON.stringify(e)); })'`,
      ],
    },
    { id: "infinite", code: "event_number_not_finite", body: infinite, fix: ["--set", "/data/latitude=null"] },
    {
      id: "far",
      code: "event_number_out_of_range",
      body: j(event("far", "safety.sos", { latitude: 91 })),
      fix: ["--unset", "/data/latitude"],
    },
    {
      id: "unknown",
      code: "event_type_unknown",
      body: j({ ...event("unknown", "app.error"), type: "app.errror" }),
      fix: ["--new-type", "app.error"],
    },
    {
      id: "keyless",
      code: "event_key_empty",
      body: j(event("keyless", "app.error", { session_id: "" })),
      fix: ["--set", "/data/session_id=ses_1"],
    },
    // The type is right, the key was wrong: it is posted with another.
    { id: "forbidden", code: "event_type_forbidden", key: keys.narrow, body: j(event("forbidden", "safety.sos")) },
    {
      id: "garbage",
      code: "event_avro_invalid",
      body: Buffer.from("garbage"),
      headers: avroHeaders("garbage", "app.error"),
      fix: await file("garbage"),
    },
    {
      id: "stranger",
      code: "event_schema_unknown",
      body: framed(99_999_999, Buffer.from([1])),
      headers: avroHeaders("stranger", "app.error"),
      fix: await file("stranger"),
    },
    {
      id: "other",
      code: "event_schema_mismatch",
      body: sos,
      headers: avroHeaders("other", "app.error"),
      fix: ["--new-type", "safety.sos"],
    },
    {
      id: "header",
      code: "event_attribute_invalid",
      body: j(data("app.error")),
      headers: { ...binary, "ce-id": `header-${run}`, "ce-time": "2026-11-22T21:11:41.123Z", "ce-subject": "%ff" },
    },
    {
      id: "spoofed",
      code: "subject_mismatch",
      key: await tokenOf("rdr_9"),
      body: j(event("spoofed", "safety.sos", { person_id: "rdr_8" })),
    },
    { id: "taken", code: "id_conflict", key: keys.desk, body: j(event("taken", "safety.sos", { note: "another" })) },
  ];
}
