import type { LookupAddress } from "node:dns";
import { beforeEach, expect, test } from "vitest";
import type { Resolve } from "../../../sinks/webhook/guarded-agent.ts";
import { createSharedLookup } from "../../../sinks/webhook/shared-lookup.ts";

const address: LookupAddress = { address: "8.8.8.8", family: 4 };
/** Look-ups under way, as they are with two threads: others wait until one of them ends. */
let under: { readonly name: string; readonly answer: Parameters<Resolve>[2] }[];
let waiting: typeof under;
let look: Resolve;
beforeEach(() => {
  under = [];
  waiting = [];
  look = createSharedLookup((name, _options, answer) => {
    (under.length < 2 ? under : waiting).push({ name, answer });
  });
});

function end(name: string, error: NodeJS.ErrnoException | null = null): void {
  const [found] = under.splice(
    under.findIndex((each) => each.name === name),
    1,
  );
  const next = waiting.shift();
  if (next !== undefined) under.push(next);
  found?.answer(error, error === null ? [address] : []);
}
const ask = (name: string) =>
  new Promise<string>((resolve) =>
    look(name, { all: true }, (error, addresses) =>
      resolve(error?.code ?? addresses.map((each) => each.address).join()),
    ),
  );
const silent = Object.assign(new Error("no answer"), { code: "EAI_AGAIN" });
const names = () => under.map(({ name }) => name).sort();
const settled = () => new Promise(setImmediate);

test("who asks for a name that is being looked up gets that answer, and the next one a new one", async () => {
  const both = [ask("a.example"), ask("a.example")];
  expect(names()).toEqual(["a.example"]);
  end("a.example");
  expect(await Promise.all(both)).toEqual(["8.8.8.8", "8.8.8.8"]);
  const later = ask("a.example");
  expect(names()).toEqual(["a.example"]);
  end("a.example", silent);
  expect(await later).toBe("EAI_AGAIN");
});

test("names whose server is silent leave a thread to the others", async () => {
  const first = ["dead-1", "dead-2", "dead-3"].map(ask);
  for (const name of ["dead-1", "dead-2", "dead-3"]) end(name, silent);
  expect(await Promise.all(first)).toEqual(["EAI_AGAIN", "EAI_AGAIN", "EAI_AGAIN"]);

  const dead = ["dead-1", "dead-2", "dead-3"].map(ask);
  await settled();
  const well = ask("well");
  expect(names()).toEqual(["dead-1", "well"]);
  end("well");
  expect(await well).toBe("8.8.8.8");
  // They have their turns one after the other, and one that answers is an ordinary name again.
  end("dead-1", silent);
  await settled();
  expect(names()).toEqual(["dead-2"]);
  end("dead-2");
  await settled();
  const again = ask("dead-2");
  expect(names()).toEqual(["dead-2", "dead-3"]);
  end("dead-2");
  end("dead-3", silent);
  expect(await Promise.all([...dead, again])).toEqual(["EAI_AGAIN", "8.8.8.8", "EAI_AGAIN", "8.8.8.8"]);
});
