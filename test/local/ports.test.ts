import { createServer } from "node:net";
import { expect, test } from "vitest";
import { optionSets } from "../../commands/option-sets.ts";
import { portsFrom, requireFreePort } from "../../local/index.ts";

test("a port base moves every port by a fixed offset", () => {
  expect(portsFrom(20_000)).toEqual({
    ingest: 20_000,
    registry: 20_001,
    kafka: 20_002,
    kafkaController: 20_003,
    postgres: 20_004,
    streamMetrics: 20_005,
    statefulMetrics: 20_007,
    sinksMetrics: 20_006,
    auditMetrics: 20_008,
    console: 20_010,
  });
});

test("without a base the ports are the usual ones", () => {
  expect(portsFrom(undefined)).toMatchObject({ ingest: 8080, registry: 8081, kafka: 9092, postgres: 5433 });
});

test("no two processes have the same usual port, so that each can be started beside the local stack", () => {
  const usual = optionSets.flatMap(({ specs }) =>
    Object.entries(specs).flatMap(([name, spec]) => (/^port$|Port$/.test(name) ? [Number(spec.default)] : [])),
  );
  const taken = usual.filter((port) => port !== 0);
  expect(taken.length).toBeGreaterThan(5);
  expect([...new Set(taken)]).toEqual(taken);
});

test("a taken port is refused by a message that names part, port and option", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await expect(requireFreePort("Kafka", port)).rejects.toMatchObject({
    code: "port_taken",
    message: expect.stringMatching(new RegExp(`Port ${port} of Kafka .*--port-base`)),
  });
  await new Promise((resolve) => other.close(resolve));
  await expect(requireFreePort("Kafka", port)).resolves.toBeUndefined();
});
