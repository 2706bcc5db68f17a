import { expect, test } from "vitest";
import { PipelineError } from "../../runtime/index.ts";
import { type Emitted, flow, forward, type Reader, type Step } from "../../stream/index.ts";
import { createTopologyDriver, dieEverywhere } from "./topology-driver.ts";

const readText: Reader<string> = function readText({ value }) {
  return forward(String(value));
};
const to = (topic: string): Step<string, Emitted> =>
  function write(text) {
    return forward({ topic, record: { key: text, value: Buffer.from(text), headers: { ce_id: text } } });
  };
const copy = (from: string, topic: string) => flow(`copy-${from}`).from(from, readText).to([topic], to(topic));
const records = (texts: string) => [...texts].map((text) => ({ key: text, value: Buffer.from(text) }));
const textOf = (all: readonly { readonly value: Buffer | null }[]) => all.map(({ value }) => String(value)).join("");

test("a record is in the partition that its key gives it, unless it names one", async () => {
  const places: string[] = [];
  const watch: Reader<string> = function watch({ value, offset }, { partition }) {
    places.push(`${value}: ${partition}/${offset}`);
    return forward();
  };
  const driver = createTopologyDriver({
    flows: [flow("watch").from("in", watch).to(["out"], to("out"))],
    partitions: 3,
  });
  await driver.pipe("in", [...records("aab"), { key: "a", value: Buffer.from("c"), partition: 2 }]);
  const of = (text: string) => places.filter((place) => place.startsWith(text));
  expect(of("a")).toHaveLength(2);
  expect(new Set(of("a").map((place) => place.split(/[ /]/)[1])).size).toBe(1);
  expect(of("c")[0]).toMatch(/^c: 2\//);
});

test("a process that dies while it writes leaves a part of the batch, and writes all of it again", async () => {
  const driver = createTopologyDriver({ flows: [copy("in", "out")], deaths: [2] });
  await driver.pipe("in", records("abc"));
  expect(textOf(driver.output("out"))).toBe("ababc");
  expect(textOf(driver.distinct("out"))).toBe("abc");
  expect(driver.died).toBe(1);
});

test("a topic that a flow does not name is refused", async () => {
  const wrong = { ...copy("in", "out"), outputs: ["other"] };
  await expect(createTopologyDriver({ flows: [wrong] }).pipe("in", records("a"))).rejects.toThrow(
    "none of its outputs",
  );
});

test("an error that is no verdict stops the run and leaves the place where it was", async () => {
  let isDown = true;
  const patient: Reader<string> = async function patient(record, origin) {
    if (isDown) throw new PipelineError("schema_registry_unreachable");
    return readText(record, origin);
  };
  const driver = createTopologyDriver({ flows: [flow("patient").from("in", patient).to(["out"], to("out"))] });
  await expect(driver.pipe("in", records("ab"))).rejects.toMatchObject({ retryable: true });
  isDown = false;
  await driver.run();
  expect(textOf(driver.output("out"))).toBe("ab");
});

test("every effect of a chain gets its death, once", async () => {
  const chain = [copy("in", "between"), copy("between", "out")];
  const places = new Set<string>();
  const times = await dieEverywhere(
    async (deaths) => {
      const driver = createTopologyDriver({ flows: chain, deaths });
      await driver.pipe("in", records("abc"));
      return driver;
    },
    (driver, where) => {
      places.add(where);
      expect(textOf(driver.distinct("out")), where).toBe("abc");
    },
  );
  // Of each of the two: three records, the acknowledgement of them, the offset. And the run without a death.
  expect(times).toBe(2 * 5 + 1);
  expect(places.size).toBe(times);
});

test("a scenario that is not the same each time is refused, for its deaths would be anywhere", async () => {
  let run = 0;
  const play = async (deaths: readonly number[]) => {
    const driver = createTopologyDriver({ flows: [copy("in", "out")], deaths });
    await driver.pipe("in", records(run++ === 0 ? "abc" : ""));
    return driver;
  };
  await expect(dieEverywhere(play, () => undefined)).rejects.toThrow("not the same each time");
});
