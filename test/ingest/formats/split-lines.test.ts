import fc from "fast-check";
import { expect, test } from "vitest";
import { createLineSplitter, type Line } from "../../../ingest/formats/split-lines.ts";

function split(chunks: readonly (string | Buffer)[], maxLineBytes = 100): Line[] {
  const splitter = createLineSplitter(maxLineBytes);
  return [...chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk as string))), ...splitter.end()];
}
const shown = (lines: readonly Line[]) => lines.map(({ number, bytes }) => [number, bytes.toString()]);

test("lines are numbered from 0, and blank ones are counted but not given", () => {
  expect(shown(split(["a\n\n \t\r\nb\r\n", "c"]))).toEqual([
    [0, "a"],
    [3, "b\r"],
    [4, "c"],
  ]);
  expect(split([])).toEqual([]);
  expect(split(["\n", "\n"])).toEqual([]);
});

test("however the text is cut, the lines are the same", () => {
  const texts = fc.array(fc.stringMatching(/^[ab é]{0,12}$/), { maxLength: 20 });
  fc.assert(
    fc.property(texts, fc.array(fc.integer({ min: 1, max: 9 })), (lines, sizes) => {
      const whole = Buffer.from(lines.join("\n"));
      const chunks: Buffer[] = [];
      for (let at = 0, i = 0; at < whole.length; i++) {
        const size = sizes[i % Math.max(1, sizes.length)] ?? 3;
        chunks.push(whole.subarray(at, at + size));
        at += size;
      }
      const expected = lines.map((text, number) => [number, text]).filter(([, text]) => String(text).trim() !== "");
      expect(shown(split(chunks))).toEqual(expected);
    }),
  );
});

test("a line that is too long is cut, and the next one is whole", () => {
  const lines = split(["x".repeat(60), "x".repeat(60), "x".repeat(60), "\nshort\n", `${"y".repeat(101)}\nz`], 100);
  expect(lines.map(({ number, tooLong, bytes }) => [number, tooLong, bytes.length])).toEqual([
    [0, true, 100],
    [1, false, 5],
    [2, true, 100],
    [3, false, 1],
  ]);
  expect(split([`${"x".repeat(100)}\n`])[0]).toMatchObject({ tooLong: false });
});

test("an endless line takes no more memory than one line may have", () => {
  const splitter = createLineSplitter(1_000);
  const chunk = Buffer.alloc(65_536, "x");
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 10_000; i++) splitter.push(chunk);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  expect(splitter.push(Buffer.from("\n"))).toMatchObject([{ number: 0, tooLong: true }]);
});

test("a held beginning does not keep its chunk in memory", () => {
  const splitter = createLineSplitter(1_000);
  const chunk = Buffer.from("abc");
  splitter.push(chunk);
  chunk.fill("x");
  expect(shown(splitter.push(Buffer.from("d\n")))).toEqual([[0, "abcd"]]);
});
