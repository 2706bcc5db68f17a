import { expect, test } from "vitest";
import { composeServices, createService, type Service, together } from "../../runtime/index.ts";

const noFail = () => undefined;

function recording(name: string, log: string[], o: { failStart?: boolean } = {}): Service {
  return createService({
    name,
    async start() {
      await Promise.resolve();
      log.push(`start ${name}`);
      if (o.failStart) throw new Error(`${name} cannot start`);
    },
    async stop() {
      await Promise.resolve();
      log.push(`stop ${name}`);
    },
  });
}

test("stop before start makes start do nothing", async () => {
  const log: string[] = [];
  const service = recording("a", log);
  await service.stop();
  await service.start(noFail);
  expect(log).toEqual([]);
});

test("stop during start waits for it, and runs once however often it is called", async () => {
  const log: string[] = [];
  const service = recording("a", log);
  const started = service.start(noFail);
  await Promise.all([service.stop(), service.stop(), started]);
  await service.stop();
  expect(log).toEqual(["start a", "stop a"]);
});

test("many starts and stops at once never run a part twice", async () => {
  for (let round = 0; round < 200; round++) {
    const log: string[] = [];
    const service = recording("a", log);
    const calls = Array.from({ length: 10 }, (_, i) =>
      i === round % 10 ? service.start(noFail) : round % 3 === 0 ? service.stop() : Promise.resolve(),
    );
    await Promise.all(calls);
    await service.stop();
    expect(log.filter((line) => line.startsWith("start")).length).toBeLessThanOrEqual(1);
    expect(log.filter((line) => line.startsWith("stop")).length).toBe(log.includes("start a") ? 1 : 0);
  }
});

test("a failure is reported once, and not after stop began", async () => {
  let die: (cause: unknown) => void = noFail;
  const failures: unknown[] = [];
  const service = createService({
    name: "a",
    start(fail) {
      die = fail;
    },
    stop: noFail,
  });
  await service.start((cause) => failures.push(cause));
  die("first");
  die("second");
  await service.stop();
  die("third");
  expect(failures).toEqual(["first"]);
});

test("services start in order and stop in reverse order", async () => {
  const log: string[] = [];
  const whole = composeServices("whole", [recording("a", log), recording("b", log)]);
  await whole.start(noFail);
  await whole.stop();
  expect(log).toEqual(["start a", "start b", "stop b", "stop a"]);
});

test("when one cannot start, those before it are stopped and the error is thrown", async () => {
  const log: string[] = [];
  const whole = composeServices("whole", [
    recording("a", log),
    recording("b", log, { failStart: true }),
    recording("c", log),
  ]);
  await expect(whole.start(noFail)).rejects.toThrow("b cannot start");
  await whole.stop();
  expect(log).toEqual(["start a", "start b", "stop b", "stop a"]);
});

test("services that are together start at the same time: none waits for another", async () => {
  const both = Promise.withResolvers<void>();
  let begun = 0;
  const meeting = (name: string) =>
    createService({
      name,
      start() {
        begun += 1;
        if (begun === 2) both.resolve();
        return both.promise;
      },
      stop: () => undefined,
    });
  await together("both", [meeting("a"), meeting("b")]).start(noFail);
  expect(begun).toBe(2);
});

test("when one of those together cannot start, all are stopped by the time the start has failed for good", async () => {
  const log: string[] = [];
  const parts = [recording("a", log), recording("b", log, { failStart: true }), recording("c", log)];
  const whole = composeServices("whole", [together("three", parts)]);
  await expect(whole.start(noFail)).rejects.toThrow("b cannot start");
  expect(log.toSorted()).toEqual(["start a", "start b", "start c", "stop a", "stop b", "stop c"]);
});
