/** A stream of numbers in [0, 1) that depends on its seed alone. */
export type Random = () => number;

/**
 * sfc32 of PractRand (Chris Doty-Humphrey): 128 bits of state, passes its tests, four additions a number. Twelve rounds
 * mix the seed, as its author advises. Not for secrets.
 */
export function createRandom(seedA: number, seedB = 0, seedC = 0): Random {
  let a = seedA | 0;
  let b = seedB | 0;
  let c = seedC | 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

/** A number in [from, to). */
export function between(random: Random, from: number, to: number): number {
  return from + random() * (to - from);
}

/** One of the items, each as likely as the others. */
export function pick<const Items extends readonly [unknown, ...unknown[]]>(
  random: Random,
  items: Items,
): Items[number] {
  return items[Math.floor(random() * items.length)];
}
