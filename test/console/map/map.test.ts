import { expect, test } from "vitest";
import { createLand, linesIn } from "../../../console/map/land.ts";
import type { CellLine, Place } from "../../../console/map/shapes.ts";
import { frameOf, measureText, mostOf, strengthOf, widen } from "../../../console/page/map/map-words.ts";
import { cellOutline } from "../../../stream/cell-outline.ts";

const frame = { west: 0, south: 0, east: 10, north: 10 };

test("of a line what crosses the frame stays, with the points outside that it comes from and goes to", () => {
  const line: readonly Place[] = [
    [-20, 5],
    [-10, 5],
    [5, 5],
    [15, 5],
    [25, 5],
    [25, 30],
  ];
  expect(linesIn([line], frame)).toEqual([line.slice(1, 4)]);
  // Right through, without a point inside; and past it.
  expect(
    linesIn(
      [
        [
          [-5, 5],
          [15, 5],
        ],
        [
          [-5, 20],
          [15, 20],
        ],
      ],
      frame,
    ),
  ).toEqual([
    [
      [-5, 5],
      [15, 5],
    ],
  ]);
});

test("around New York there is a coast, and in the middle of the Pacific none", async () => {
  const landIn = createLand();
  const coast = await landIn({ west: -74.3, south: 40.4, east: -73.6, north: 41 });
  expect(coast.lines.flat().length).toBeGreaterThan(20);
  expect(await landIn({ west: -141, south: -31, east: -140, north: -30 })).toEqual({ lines: [] });
});

test("a cell has six corners around its place, and what is none has none", () => {
  const outline = cellOutline("882a100d2bfffff");
  expect(outline?.length).toBe(6);
  for (const [longitude, latitude] of outline ?? []) {
    expect(longitude).toBeCloseTo(-74, 0);
    expect(latitude).toBeCloseTo(41, 0);
  }
  expect(cellOutline("nonsense")).toBeUndefined();
});

test("a surge has the same colour at any minute; counts are compared with the most that there is", () => {
  const cells = [1, 2, 4].map(
    (n): CellLine => ({ cell: `${n}`, outline: [], drivers: n, requests: 0, unmet: 0, surge: n }),
  );
  const most = (measure: "drivers" | "requests") => mostOf(measure, cells);
  expect(cells.map((line) => strengthOf("surge", line, 9))).toEqual([0, 0.5, 1]);
  expect(cells.map((line) => strengthOf("drivers", line, most("drivers")))).toEqual([0.25, 0.5, 1]);
  expect(cells.map((line) => strengthOf("requests", line, most("requests")))).toEqual([0, 0, 0]);
  expect([measureText("surge", 1.25), measureText("drivers", 1_200)]).toEqual(["1.3×", "1,200"]);
});

test("a frame holds all cells, and widens without jumping back", () => {
  const own = frameOf(
    [
      {
        outline: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    0,
  );
  expect(own).toEqual({ west: 0.99, east: 3.01, south: 1.99, north: 4.01 });
  expect(frameOf([])).toBeUndefined();
  expect(widen(frame, { west: 1, south: 1, east: 2, north: 2 })).toBe(frame);
  expect(widen(frame, { west: -1, south: 1, east: 2, north: 12 })).toEqual({ west: -1, south: 0, east: 10, north: 12 });
});
