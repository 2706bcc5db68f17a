import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { mayJoinAgain } from "../../kafka/coordinator.ts";

const load = createRequire(import.meta.url);
const { KafkaJSConnectionClosedError, KafkaJSNumberOfRetriesExceeded, KafkaJSRequestTimeoutError } =
  load("kafkajs/src/errors.js");
const { createErrorFromCode } = load("kafkajs/src/protocol/error.js");

test("a join that was broken off by the network, or came to a broker that is not ready, is tried again", async () => {
  expect(await mayJoinAgain(new KafkaJSConnectionClosedError("Closed connection", {}))).toBe(true);
  expect(await mayJoinAgain(new KafkaJSRequestTimeoutError("Request JoinGroup timed out"))).toBe(true);
  expect(await mayJoinAgain(createErrorFromCode(15))).toBe(true);
});

test("patience that has ended, and what is wrong for good, is not", async () => {
  const closed = new KafkaJSConnectionClosedError("Closed connection", {});
  expect(await mayJoinAgain(new KafkaJSNumberOfRetriesExceeded(closed, { cause: closed }))).toBe(false);
  expect(await mayJoinAgain(createErrorFromCode(30))).toBe(false);
  expect(await mayJoinAgain(new TypeError("x is not a function"))).toBe(false);
});
