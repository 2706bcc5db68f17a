import { createService, runStation, silentLogger } from "../../runtime/index.ts";

// A part fails at once, and another never finishes its work.
setInterval(() => undefined, 1_000);
const service = createService({
  name: "station",
  start: (fail) => fail(new Error("a part has failed")),
  stop: () => new Promise(() => undefined),
});
await runStation(service, silentLogger, 200);
