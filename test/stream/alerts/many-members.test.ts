import { afterAll, beforeAll, expect, test } from "vitest";
import { keepAlerts, type ScopeMemory } from "../../../stream/alerts/keep-alerts.ts";
import { createRules, type Rules } from "../../../stream/alerts/rules.ts";
import type { ArrivedSignal } from "../../../stream/alerts/signal.ts";
import { noSilences } from "../../../stream/alerts/silences.ts";
import { loadRules } from "../../../stream/index.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { nowhere } from "./alert-driver.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
beforeAll(async () => {
  offline = await startOfflineSchemas();
});
afterAll(() => offline.stop());

const minute = 60_000;
const names = ["cancellation-spike", "unmet-demand"] as const;

/** The rules that ship, counting how often a condition is judged. */
function countingRules(): { readonly rules: Rules; judged(): number } {
  let judged = 0;
  const all = loadRules(offline.schemas.catalogue, nowhere).all.map((rule) => {
    const { when } = rule;
    if (when === undefined) return rule;
    const counting: typeof when = (given) => {
      judged++;
      return when(given);
    };
    return { ...rule, when: counting };
  });
  return { rules: createRules(all), judged: () => judged };
}

/** What a minute of one cell says to a rule: ten of twelve requests are cancelled, or find nobody. */
function signalOf(rules: Rules, name: string, cell: number, offset: number, nowMs: number): ArrivedSignal {
  const rule = rules.byName.get(name);
  if (rule === undefined) throw new Error(`no rule ${name}`);
  const labels = { city: "cty_1", cell: `8728${String(cell).padStart(5, "0")}ffffff` };
  const event = { id: `e${offset}`, type: "marketplace.minute", timeMs: nowMs - minute, receivedAt: nowMs };
  return {
    ...{ rule: name, version: rule.version, labels, event, values: [10, 12], atMs: nowMs },
    place: { readFrom: "marketplace-minutes/0", readOffset: offset },
    scope: rules.scopeOf(rule, labels),
  };
}

test("a city with a thousand cells that fire by two rules: a signal is judged with the few whose time has come, not with all", () => {
  const { rules, judged } = countingRules();
  const step = keepAlerts(rules, noSilences);
  const cells = 1_000;
  let memory: ScopeMemory | undefined;
  let nowMs = Date.UTC(2026, 0, 5, 8);
  let offset = 0;
  const told: string[] = [];
  const times: number[] = [];
  // Each cell by each rule once; two minutes later they fire; then a part of them says the same again.
  for (const [minutes, heard] of [
    [2, cells],
    [1, 200],
  ] as const) {
    const before = judged();
    for (const name of names) {
      for (let cell = 0; cell < heard; cell++) {
        const began = performance.now();
        const signal = signalOf(rules, name, cell, offset++, nowMs);
        const { state, emit } = step.take(memory, signal, { watermark: nowMs, late: false });
        times.push(performance.now() - began);
        memory = state;
        told.push(...emit.map(({ account, notification }) => `${notification} ${account.rule}`));
      }
    }
    expect(judged() - before).toBeLessThanOrEqual(1.1 * names.length * heard);
    nowMs += minutes * minute;
    const woken = step.wake(memory as ScopeMemory, { watermark: nowMs, late: false });
    memory = woken.state;
    told.push(...woken.emit.map(({ account, notification }) => `${notification} ${account.rule}`));
  }
  const groups = Object.values(memory?.groups ?? {});
  expect(groups.map(({ members }) => Object.values(members).filter(({ firing }) => firing).length)).toEqual([
    cells,
    cells,
  ]);
  expect(told).toEqual(names.map((name) => `opened ${name}`));
  const bytes = JSON.stringify(memory).length;
  const last = times.slice(-2 * 200).sort((a, b) => a - b);
  const of = (share: number) => (last[Math.floor(share * last.length)] ?? 0).toFixed(2);
  process.stderr.write(`2,000 firing in one scope: ${bytes} bytes, a signal p50 ${of(0.5)} ms, p99 ${of(0.99)} ms\n`);
  expect(bytes).toBeLessThan(2_000_000);
});
