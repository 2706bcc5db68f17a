import { type LookupAddress, lookup } from "node:dns";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { request } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ErrorCode, PipelineError } from "../../../runtime/index.ts";
import { checkTarget } from "../../../sinks/webhook/check-target.ts";
import { createGuardedAgent, type Resolve } from "../../../sinks/webhook/guarded-agent.ts";
import { post } from "../../../sinks/webhook/post.ts";
import { createSecret } from "../../../sinks/webhook/sign.ts";
import { checkAddress, checkUrl, type TargetPolicy } from "../../../sinks/webhook/target-guard.ts";

const strict: TargetPolicy = { development: false, ports: [443, 8443], allowTargets: [] };
const development: TargetPolicy = { ...strict, development: true };
const local: TargetPolicy = { ...development, allowTargets: ["127.0.0.0/8", "::1/128"] };

/** What a URL may look like that leads inside. None of them may get as far as a connection. */
const literals: readonly string[] = [
  // Loopback, in every spelling that URL parsers turn into 127.0.0.1.
  "https://127.0.0.1/",
  "https://127.0.0.1./",
  "https://127.1/",
  "https://127.0.1/",
  "https://0x7f.1/",
  "https://0x7f000001/",
  "https://0X7F.0.0.1/",
  "https://2130706433/",
  "https://017700000001/",
  "https://0177.0.0.1/",
  "https://0177.0.0.0x1/",
  "https://127.255.255.254/",
  "https://①②⑦.⓪.⓪.①/",
  "https://127。0。0。1/",
  "https://%31%32%37.0.0.1/",
  "https:127.0.0.1/",
  "https:/127.0.0.1/",
  "https:///127.0.0.1/",
  // This host, private networks, carriers, documentation, benchmarks, multicast, the end.
  "https://0.0.0.0/",
  "https://0/",
  "https://0.1.2.3/",
  "https://10.0.0.1/",
  "https://10.255.255.255/",
  "https://172.16.0.1/",
  "https://172.31.255.255/",
  "https://192.168.0.1/",
  "https://3232235521/",
  "https://100.64.0.1/",
  "https://100.127.255.255/",
  "https://192.0.0.1/",
  "https://192.0.0.192/",
  "https://192.0.2.1/",
  "https://192.88.99.1/",
  "https://198.18.0.1/",
  "https://198.19.255.255/",
  "https://198.51.100.1/",
  "https://203.0.113.1/",
  "https://224.0.0.1/",
  "https://239.255.255.250/",
  "https://240.0.0.1/",
  "https://255.255.255.255/",
  // Metadata services of clouds.
  "https://169.254.169.254/latest/meta-data/",
  "https://169.254.170.2/",
  "https://2852039166/",
  "https://0xa9fea9fe/",
  "https://0251.0376.0251.0376/",
  "https://100.100.100.200/",
  "https://168.63.129.16/",
  "https://[fd00:ec2::254]/",
  // IPv6.
  "https://[::]/",
  "https://[::1]/",
  "https://[0:0:0:0:0:0:0:1]/",
  "https://[::7f00:1]/",
  "https://[::127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:169.254.169.254]/",
  "https://[::ffff:0:7f00:1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[64:ff9b::169.254.169.254]/",
  "https://[64:ff9b:1::1]/",
  "https://[2002:7f00:1::]/",
  "https://[2002:a9fe:a9fe::1]/",
  "https://[2001::1]/",
  "https://[2001:0:7f00:1::]/",
  "https://[2001:db8::1]/",
  "https://[2001:2::1]/",
  "https://[2001:10::1]/",
  "https://[100::1]/",
  "https://[fc00::1]/",
  "https://[fd12:3456:789a::1]/",
  "https://[fe80::1]/",
  "https://[fec0::1]/",
  "https://[ff02::1]/",
  "https://[3fff::1]/",
  "https://[5f00::1]/",
  "https://[4000::1]/",
  "https://[0:0:0:1::1]/",
];

const otherRefusals: readonly (readonly [string, ErrorCode])[] = [
  ["http://example.com/", "webhook_scheme_refused"],
  ["ftp://example.com/", "webhook_scheme_refused"],
  ["file:///etc/passwd", "webhook_scheme_refused"],
  ["gopher://127.0.0.1:6379/_", "webhook_scheme_refused"],
  ["data:text/plain,x", "webhook_scheme_refused"],
  ["javascript:alert(1)", "webhook_scheme_refused"],
  ["unix:/var/run/docker.sock", "webhook_scheme_refused"],
  ["ws://example.com/", "webhook_scheme_refused"],
  ["https://user@example.com/", "webhook_userinfo_refused"],
  ["https://user:word@example.com/", "webhook_userinfo_refused"],
  ["https://example.com@127.0.0.1/", "webhook_userinfo_refused"],
  ["https://@example.com/", "webhook_userinfo_refused"],
  ["https://:@example.com/", "webhook_userinfo_refused"],
  ["https://8.8.8.8:22/", "webhook_port_refused"],
  ["https://8.8.8.8:5432/", "webhook_port_refused"],
  ["https://8.8.8.8:9092/", "webhook_port_refused"],
  ["https://8.8.8.8:80/", "webhook_port_refused"],
  ["", "webhook_url_invalid"],
  ["example.com/hook", "webhook_url_invalid"],
  ["//example.com/", "webhook_url_invalid"],
  ["https://", "webhook_url_invalid"],
  ["https://[fe80::1%25eth0]/", "webhook_url_invalid"],
  ["https://example.com/\r\nX-Injected: 1", "webhook_url_invalid"],
  ["https://exa\tmple.com/", "webhook_url_invalid"],
  [" https://example.com/", "webhook_url_invalid"],
  ["https://example.com\\@127.0.0.1/", "webhook_url_invalid"],
  ["https://256.256.256.256/", "webhook_url_invalid"],
  [`https://example.com/${"x".repeat(2_000)}`, "webhook_url_invalid"],
];

const codeOf = (run: () => unknown): ErrorCode | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as PipelineError).code;
  }
};

describe("a URL by itself", () => {
  test("there are at least 60 vectors", () => {
    expect(literals.length + otherRefusals.length).toBeGreaterThanOrEqual(60);
    expect(new Set(literals).size).toBe(literals.length);
  });

  test.each(literals)("%s is refused", (url) => {
    expect(codeOf(() => checkUrl(url, strict))).toBe("webhook_address_refused");
    expect(codeOf(() => checkUrl(url, development))).toBe("webhook_address_refused");
  });

  test.each(otherRefusals)("%j is refused by %s", (url, code) => {
    expect(codeOf(() => checkUrl(url, strict))).toBe(code);
  });

  test.each([
    "https://example.com/a?b=c",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]:8443/",
    "https://example.com/@me",
  ])("%s may be sent to", (url) => {
    expect(checkUrl(url, strict).href).toBe(url);
  });

  test("plain http is for development", () => {
    expect(codeOf(() => checkUrl("http://8.8.8.8/", strict))).toBe("webhook_scheme_refused");
    expect(codeOf(() => checkUrl("http://8.8.8.8/", development))).toBeUndefined();
    expect(codeOf(() => checkUrl("http://8.8.8.8:22/", development))).toBe("webhook_port_refused");
  });

  test("an allowed network is allowed on any port, and nothing beside it", () => {
    expect(codeOf(() => checkUrl("http://127.0.0.1:9999/", local))).toBeUndefined();
    expect(codeOf(() => checkUrl("http://[::1]:9999/", local))).toBeUndefined();
    expect(codeOf(() => checkUrl("http://[::ffff:127.0.0.1]:9999/", local))).toBeUndefined();
    expect(codeOf(() => checkUrl("http://169.254.169.254/", local))).toBe("webhook_address_refused");
    expect(codeOf(() => checkUrl("http://10.0.0.1/", local))).toBe("webhook_address_refused");
    expect(codeOf(() => checkUrl("http://[::2]/", local))).toBe("webhook_address_refused");
    expect(codeOf(() => checkUrl("http://127.0.0.1/", { ...local, development: false }))).toBe(
      "webhook_scheme_refused",
    );
  });

  test.each(["", "localhost", "1.2.3", "fe80::1%eth0", "::ffff:127.0.0.1"])("address %j is refused", (address) => {
    expect(codeOf(() => checkAddress(address, 443, strict))).toBe("webhook_address_refused");
  });
});

describe("on the way out", () => {
  let canary: Server;
  let port: number;
  let connections: number;
  beforeEach(async () => {
    connections = 0;
    canary = createServer((_request, response) => response.end("inside")).on("connection", () => connections++);
    await new Promise<void>((resolve) => canary.listen(0, resolve));
    port = (canary.address() as AddressInfo).port;
  });
  afterEach(() => new Promise((resolve) => canary.close(resolve)));

  const answering =
    (...answers: readonly LookupAddress[][]): Resolve =>
    (_name, _options, callback) =>
      callback(null, (answers.length > 1 ? (answers as LookupAddress[][]).shift() : answers[0]) ?? []);
  const address = (text: string): LookupAddress => ({ address: text, family: text.includes(":") ? 6 : 4 });

  async function attempt(url: string, policy: TargetPolicy, resolve?: Resolve, timeoutMs = 60_000) {
    const options = { timeoutMs, ...(resolve === undefined ? {} : { resolve }) };
    const dispatcher = createGuardedAgent(policy, options);
    const target = { url, secrets: [createSecret()] };
    const result = await post(
      target,
      { id: "msg_1", format: "cloudevents", body: "{}" },
      { dispatcher, policy, timeoutMs },
    );
    await dispatcher.destroy();
    return result;
  }

  // Every port is allowed here, so that only the address can be what stops it.
  const anyPort = (): TargetPolicy => ({ ...development, ports: [port] });

  test("literal addresses reach nothing", async () => {
    for (const url of literals) {
      const at = `http://${new URL(url).hostname}:${port}/`;
      expect((await attempt(at, anyPort())).result, at).toBe("target_refused");
      // The agent refuses by itself too, without the check of the URL in front of it.
      const agent = createGuardedAgent(anyPort(), { timeoutMs: 60_000 });
      await expect(request(at, { dispatcher: agent }), at).rejects.toMatchObject({ code: "webhook_address_refused" });
      await agent.destroy();
    }
    expect(connections).toBe(0);
  });

  test.each(["localhost", "localhost.", "LOCALHOST", "ip6-localhost"])("the name %s reaches nothing", async (name) => {
    // Where nobody knows the name, the look-up may take long.
    expect((await attempt(`http://${name}:${port}/`, anyPort(), undefined, 2_000)).result).not.toBe("delivered");
    expect(connections).toBe(0);
  });

  test.each([
    ["private", [address("10.1.2.3")]],
    ["loopback", [address("127.0.0.1")]],
    ["IPv6 loopback", [address("::1")]],
    ["mapped", [address("::ffff:127.0.0.1")]],
    ["public and private", [address("8.8.8.8"), address("127.0.0.1")]],
    ["A public, AAAA private", [address("8.8.8.8"), address("::1")]],
    ["private and public", [address("fd00:ec2::254"), address("2606:4700::1111")]],
  ])("a name with %s addresses is refused as a whole", async (_words, addresses) => {
    const result = await attempt(`http://rebind.example:${port}/`, anyPort(), answering(addresses));
    expect(result.result).toBe("target_refused");
    expect(connections).toBe(0);
  });

  test("a name that is public when it is registered and private later is refused later", async () => {
    const changing = answering([address("8.8.8.8")], [address("127.0.0.1")]);
    const policy = { ...anyPort(), ports: [port, 443] };
    await expect(checkTarget(`http://rebind.example:${port}/`, policy, changing)).resolves.toMatchObject({
      resolved: true,
    });
    expect((await attempt(`http://rebind.example:${port}/`, policy, changing)).result).toBe("target_refused");
    expect(connections).toBe(0);
  });

  test.each([301, 302, 303, 307, 308])("a redirect by %i leads nowhere, wherever it points", async (status) => {
    let target = "";
    const receiver = createServer((_request, response) => response.writeHead(status, { location: target }).end());
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const { port: at } = receiver.address() as AddressInfo;
    for (const host of [
      "127.0.0.1",
      "localhost",
      "[::1]",
      "2130706433",
      "0x7f.1",
      "[::ffff:7f00:1]",
      "rebind.example",
    ]) {
      target = `http://${host}:${port}/`;
      expect(await attempt(`http://127.0.0.1:${at}/`, local), target).toMatchObject({ result: "redirected", status });
    }
    expect(connections).toBe(0);
    await new Promise((resolve) => receiver.close(resolve));
  });

  test("a name that answers otherwise at every look-up reaches nothing while one answer is inside", async () => {
    const answers = [
      [address("127.0.0.1"), address("8.8.8.8")],
      [address("8.8.8.8"), address("::1")],
      [address("::ffff:127.0.0.1")],
      [address("2606:4700::1111"), address("169.254.169.254")],
      [address("64:ff9b::7f00:1")],
    ];
    const changing = answering(...answers);
    for (const _ of answers) {
      const result = await attempt(`http://rebind.example:${port}/`, anyPort(), changing);
      expect(result.result).toBe("target_refused");
    }
    expect(connections).toBe(0);
  });

  test("what is checked is what is connected to: the name is looked up once an attempt", async () => {
    let lookups = 0;
    const counting: Resolve = (_name, _options, callback) => {
      lookups++;
      callback(null, [lookups === 1 ? address("127.0.0.1") : address("10.0.0.1")]);
    };
    expect(await attempt(`http://receiver.example:${port}/`, local, counting)).toMatchObject({ result: "delivered" });
    expect(lookups).toBe(1);
    expect(connections).toBe(1);
  });

  test("a public name on a port that is not allowed is refused", async () => {
    const result = await attempt(`http://public.example:${port}/`, development, answering([address("8.8.8.8")]));
    expect(result).toMatchObject({ result: "target_refused" });
    expect(result.detail).toContain("port");
  });

  test("a name without addresses, or that cannot be looked up, is unreachable", async () => {
    expect(await attempt("https://nothing.example/", strict, answering([]))).toMatchObject({ result: "unreachable" });
    const failing: Resolve = (_name, _options, callback) => callback(new Error("SERVFAIL"), []);
    expect(await attempt("https://nothing.example/", strict, failing)).toMatchObject({ result: "unreachable" });
    await expect(checkTarget("https://nothing.example/", strict, failing)).resolves.toMatchObject({ resolved: false });
  });

  test("an allowed name goes through by the system's look-up", async () => {
    const result = await attempt(`http://localhost:${port}/`, local, lookup as Resolve);
    expect(result).toMatchObject({ result: "delivered", status: 200, detail: "inside" });
  });
});
