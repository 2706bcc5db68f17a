import { expect, test } from "vitest";
import { metresBetween } from "../../../stream/drivers/distance.ts";
import { type JudgedFix, jumpBetween } from "../../../stream/drivers/judge-jumps.ts";

const rules = { maxSpeed: 70 };
const at = (seconds: number, longitude: number, accuracy: number | null = null): JudgedFix => ({
  ...{ id: `f${seconds}-${longitude}`, timeMs: seconds * 1_000, receivedAt: 0 },
  ...{ latitude: 0, longitude, accuracy },
});
/** Degrees of longitude on the equator. */
const metres = (m: number) => m / 111_195.08;

test("distances are those of a sphere, also across the 180th meridian and between antipodes", () => {
  const place = (latitude: number, longitude: number) => ({ latitude, longitude });
  expect(metresBetween(place(40.7128, -74.006), place(51.5074, -0.1278))).toBeCloseTo(5_570_230, -3);
  expect(metresBetween(place(0, 179.9995), place(0, -179.9995))).toBeCloseTo(111.2, 0);
  expect(metresBetween(place(90, 0), place(-90, 120))).toBeCloseTo(Math.PI * 6_371_008.8, 0);
  expect(metresBetween(place(12, 34), place(12, 34))).toBe(0);
});

test.each([
  ["a fast car", 10, metres(690), undefined],
  ["faster than any car", 10, metres(710), 71],
  ["the same place at the same time", 0, 0, undefined],
  ["the same time and near: a second is assumed", 0, metres(60), undefined],
  ["the same time and far", 0, metres(200), 200],
  ["times less than a second apart", 0.1, metres(60), undefined],
  ["a gap of 30 minutes at an aeroplane's speed", 1_800, metres(1_800 * 200), 200],
  ["the first position after a longer gap", 1_801, metres(1_801 * 200), undefined],
])("%s", (_name, seconds, longitude, speed) => {
  const jump = jumpBetween(at(0, 0), at(seconds, longitude), rules);
  if (speed === undefined) expect(jump).toBeUndefined();
  else expect(jump?.speed).toBeCloseTo(speed, 0);
});

test("accuracy counts against a jump, and a device that is not sure of anything is not judged", () => {
  expect(jumpBetween(at(0, 0, 50), at(1, metres(150)), rules)?.distance).toBeCloseTo(100, 0);
  expect(jumpBetween(at(0, 0, 50), at(1, metres(150), 50), rules)).toBeUndefined();
  expect(jumpBetween(at(0, 0, 501), at(1, metres(50_000)), rules)).toBeUndefined();
});
