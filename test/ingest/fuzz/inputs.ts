import fc from "fast-check";
import { anyBody } from "./bodies.ts";
import type { FuzzInput, FuzzSeeds } from "./input.ts";
import { raw, rawGrammar, rawMutated } from "./raw.ts";
import { avroRequest, gzipRequest, jsonRequest, otherRequest } from "./requests.ts";

/** Inputs of one seed, always the same ones for the same seeds. */
export function fuzzInputs(seeds: FuzzSeeds, seed: number, count: number): readonly FuzzInput[] {
  return fc.sample(anyInput(seeds), { seed, numRuns: count });
}

const made = new WeakMap<FuzzSeeds, fc.Arbitrary<FuzzInput>>();

function anyInput(seeds: FuzzSeeds): fc.Arbitrary<FuzzInput> {
  const known = made.get(seeds);
  if (known !== undefined) return known;
  const body = anyBody(seeds);
  const inputs = fc.oneof(
    { weight: 30, arbitrary: jsonRequest(seeds, body) },
    { weight: 15, arbitrary: gzipRequest(seeds) },
    { weight: 15, arbitrary: avroRequest(seeds) },
    { weight: 8, arbitrary: otherRequest(seeds, body) },
    { weight: 16, arbitrary: rawMutated(seeds) },
    { weight: 12, arbitrary: rawGrammar(seeds) },
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 300, size: "max" }).map((it) => raw("raw noise", it)) },
  );
  made.set(seeds, inputs);
  return inputs;
}
