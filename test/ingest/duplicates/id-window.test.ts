import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesPerId, IdWindow, wordsPerId } from "../../../ingest/duplicates/id-window.ts";

const wordsOf = (id: number) => Uint32Array.from([id, id * 7, 3, id ^ 5, id + 1, id + 2]);

test("it knows exactly the last ids that were added and not removed, whatever the order of adding and removing", () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 90 }) }) },
    { weight: 2, arbitrary: fc.record({ remove: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ forget: fc.nat({ max: 5 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const window = new IdWindow(40);
      // Position to id of all that is remembered, the oldest first.
      const model = new Map<number, number>();
      const positionOf = (id: number) => [...model].find(([, known]) => known === id)?.[0] ?? -1;
      const found: number[] = [];
      const expectedPositions: number[] = [];
      for (const each of steps) {
        if ("add" in each) {
          const expected = positionOf(each.add);
          const head = window.head;
          found.push(window.findOrAdd(wordsOf(each.add)));
          expectedPositions.push(expected);
          if (expected < 0) {
            model.delete(head - 40);
            model.set(head, each.add);
          }
        } else if ("remove" in each) {
          const position = [...model.keys()][each.remove % (model.size || 1)];
          if (position === undefined) continue;
          window.remove(position);
          window.remove(position);
          model.delete(position);
        } else {
          const before = window.tail + each.forget;
          window.forgetBefore(before);
          for (const position of [...model.keys()]) if (position < before) model.delete(position);
        }
      }
      const ids = Array.from({ length: 91 }, (_, id) => id);
      expect(found).toEqual(expectedPositions);
      expect(ids.map((id) => window.find(wordsOf(id)))).toEqual(ids.map(positionOf));
    }),
    { numRuns: 200 },
  );
});

test("a full window of the usual size holds all of its ids", () => {
  const capacity = 50_000;
  const window = new IdWindow(capacity);
  const words = (i: number) => Uint32Array.from([0x0198f0c2, 0x6c1e7d3a, 0x9a510000, i, 0, 0]);
  for (let i = 0; i < 3 * capacity; i++) window.findOrAdd(words(i));
  expect(window.size).toBe(capacity);
  const wrong = Array.from({ length: 3 * capacity }, (_, i) => i).filter(
    (i) => window.find(words(i)) >= 0 !== i >= 2 * capacity,
  );
  expect(wrong).toEqual([]);
});

test("the words of a position can be read back, also behind the end of the ring", () => {
  const window = new IdWindow(10);
  for (let id = 0; id < 25; id++) window.findOrAdd(wordsOf(id));
  const at = window.offsetOf(23);
  expect([...window.events.subarray(at, at + wordsPerId)]).toEqual([...wordsOf(23)]);
  expect(window.wordAt(23, 5)).toBe(25);
});

test("looking ahead changes nothing", () => {
  const window = new IdWindow(10);
  for (let id = 0; id < 25; id++) window.findOrAdd(wordsOf(id));
  window.touch(Uint32Array.from([25, 26, 27].flatMap((id) => [...wordsOf(id)])), 3);
  expect(window.size).toBe(10);
  for (let id = 0; id < 30; id++) expect(window.find(wordsOf(id)) >= 0).toBe(id >= 15 && id < 25);
});

test("an id costs what the option says", () => {
  expect(bytesPerId).toBeLessThan(32);
});
