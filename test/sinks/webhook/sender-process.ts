import { createLogger, createMetrics, runUntilStopped } from "../../../runtime/index.ts";
import { createSender } from "../../../sinks/webhook/sender.ts";
import { createDatabase } from "../../../store/index.ts";
import { quickOptions } from "./quick-options.ts";

/** A sender as a process of its own, to be killed: `sender-process.ts DATABASE-URL FLAGS-AS-JSON`. */
const [url = "", flags = "{}"] = process.argv.slice(2);
const log = createLogger("sender", "warn");
const metrics = createMetrics();
const db = createDatabase({ name: "sender", url, log, metrics });
await db.start(() => undefined);
const { exitCode } = await runUntilStopped(
  createSender({ db, options: quickOptions(JSON.parse(flags)), metrics, log }),
  log,
);
await db.stop();
process.exitCode = exitCode;
