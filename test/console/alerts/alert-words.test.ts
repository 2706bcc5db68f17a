import { expect, test } from "vitest";
import type { Watched } from "../../../console/alerts/shapes.ts";
import { alertsVerdict, labelsOf, minutesOf, silenceAddress } from "../../../console/page/alerts/alert-words.ts";
import { replayedText } from "../../../console/page/alerts/replayed-text.ts";

const watched = (state: Watched["state"], silencedBy: readonly string[] = []): Watched => ({
  ...{ rule: "r", severity: "info", description: "", labels: {} },
  ...{ state, silencedBy },
});

test("the verdict counts what is silenced as that alone", () => {
  expect(alertsVerdict([])).toEqual({ look: "ok", words: "Nothing fires" });
  expect(alertsVerdict([watched("pending"), watched("firing", ["s"])])).toEqual({
    look: "warning",
    words: "Nothing fires, 1 pending, 1 silenced",
  });
  expect(alertsVerdict([watched("no_data"), watched("error"), watched("firing")])).toEqual({
    look: "fault",
    words: "3 firing",
  });
});

test("how long a silence lasts is read as people write it, within its bounds", () => {
  expect(["40m", " 2 h", "1d", "30min", "30d"].map(minutesOf)).toEqual([40, 120, 1_440, 30, 43_200]);
  for (const text of ["", "soon", "0m", "31d", "2", "-1h", "1.5h"]) expect(minutesOf(text)).toBeUndefined();
});

test("labels are lines of name=value, and a value may have a = itself", () => {
  expect(labelsOf("city=cty_nyc\n\n a=b=c ")).toEqual({ labels: { city: "cty_nyc", a: "b=c" } });
  expect(labelsOf("city=x\nnonsense")).toEqual({ wrong: "nonsense" });
  expect(silenceAddress("r", { a: "b=c&d" })).toBe("/alerts/silences/new?rule=r&label=a%3Db%3Dc%26d");
});

test("what a replay does and leaves out is said", () => {
  expect(replayedText({ replayed: 0, overtaken: 0, inactive: 0 }, true)).toBe("There is nothing to send again.");
  expect(replayedText({ replayed: 1, overtaken: 2, inactive: 0 }, true)).toBe(
    "1 delivery would be sent again. 2 deliveries left out: a later one of the same alert has arrived.",
  );
});
