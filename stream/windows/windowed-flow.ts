import { PipelineError } from "../../runtime/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { Reader } from "../flow.ts";
import { restMs } from "../state/announcer.ts";
import { emitting } from "../state/emitting.ts";
import { type RememberingFlow, rememberingFlow } from "../state/remembering-flow.ts";
import type { WindowRules } from "./window-rules.ts";
import { type Aggregate, type WindowResult, windowed } from "./windowed.ts";

export type WindowedFlowParts<In, Value, Out = WindowResult<Value>> = {
  readonly name: string;
  readonly source: string;
  readonly read: Reader<In>;
  readonly windows: WindowRules;
  readonly aggregate: Aggregate<In, Value>;
  /** How far events of a partition may lie out of order, in ms: the watermark stays that far behind the newest. */
  readonly latenessMs: number;
  /**
   * A window is closed at the latest this long after its end by the clock, in ms, whatever comes or does not come: its end by the clock is when
   * event time would have come there, going on by the clock from where it stood furthest ahead. At least `latenessMs` and the allowed lateness
   * together. An idle partition does not wait for it. Without it only traffic and the idle time-out close windows.
   */
  readonly capMs?: number;
  /** As in a {@link RememberingFlow}: event time is what these flows announce, and lateness is theirs. */
  readonly fedBy?: readonly string[];
  readonly announcesTo?: string;
  /** What a result is turned into; the result itself when not given. */
  readonly results?: (result: WindowResult<Value>) => readonly Out[];
  /** Bytes and headers; {@link resultId} gives the id of a result. */
  readonly write: (out: Out) => OutboxRecord;
  readonly outputs: readonly string[];
};

/** A flow that collects events in windows. @throws PipelineError option_invalid for rules that make no sense */
export function windowedFlow<In, Value, Out = WindowResult<Value>>(
  parts: WindowedFlowParts<In, Value, Out>,
): RememberingFlow {
  const { windows, aggregate, capMs, results, ...flow } = parts;
  const waitMs = flow.latenessMs + windows.allowedLatenessMs;
  if (capMs !== undefined && capMs < waitMs) {
    const message = `Of the flow ${flow.name}, windows are to close ${capMs} ms after their end, but late events are waited for ${waitMs} ms; use at least that.`;
    throw new PipelineError("option_invalid", { message });
  }
  const longestMs = windows.sizeMs + windows.allowedLatenessMs;
  if (flow.announcesTo !== undefined && longestMs > restMs) {
    const message = `The flow ${flow.name} announces its event time, so its windows must close within ${restMs} ms of their start; they take ${longestMs} ms.`;
    throw new PipelineError("option_invalid", { message });
  }
  return rememberingFlow({
    ...flow,
    ...(capMs === undefined ? {} : { maxStallMs: capMs - waitMs }),
    // Without `results`, Out is the result itself.
    step: emitting(windowed(windows, aggregate), results ?? ((result) => [result as unknown as Out])),
  });
}
