import type { Labels, Replayed, RuleLine, RuleWhole, Silence, TestAnswer, Trial, WatchState } from "./shapes.ts";

/** How one thing that a rule watches stands, with all labels that silences go by. */
export type Standing = {
  readonly rule: string;
  readonly state: WatchState | "inactive";
  readonly labels: Labels;
  readonly allLabels: Labels;
  readonly since?: number;
  readonly summary?: string;
  readonly told?: number;
};

/** Which deliveries are sent again; what is left out does not matter. */
export type ReplayWanted = {
  readonly endpointId?: string | undefined;
  readonly messageId?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Also those after which a later one of the same alert has arrived. */
  readonly overtaken: boolean;
};

/** What belongs to the stream and the sinks, done by their own code. Whatever changes something writes who did it, in the same transaction. */
export type AlertsPort = {
  standings(): Promise<readonly Standing[]>;
  rules(): Promise<readonly RuleLine[]>;
  /** Those that hold; with `ended` also those of the last thirty days. */
  silences(ended: boolean): Promise<readonly Silence[]>;
  /** @returns its id @throws PipelineError alert_silence_invalid */
  silence(
    wanted: { readonly matches: Labels; readonly ends: number; readonly reason: string },
    by: string,
  ): Promise<string>;
  /** @throws PipelineError alert_silence_unknown */
  endSilence(id: string, by: string): Promise<void>;
  /** Sends exhausted deliveries again; with `dryRun` it changes nothing and tells how many there are. */
  replay(wanted: ReplayWanted, by: string, dryRun: boolean): Promise<Replayed>;
  /** @throws PipelineError alert_rule_unknown */
  rule(name: string): Promise<RuleWhole>;
  /** What the rule would have told of what arrived since so long ago. @throws PipelineError alert_rule_invalid, console_trial_ended */
  tryRule(text: string, sinceMs: number): Promise<Trial>;
  /** @throws PipelineError alert_rule_invalid, alert_rule_in_file, alert_rule_needed */
  saveRule(text: string, by: string): Promise<{ readonly name: string; readonly created: boolean }>;
  /** @throws PipelineError alert_rule_unknown, alert_rule_in_file, alert_rule_needed */
  removeRule(name: string, by: string): Promise<void>;
  /** Posts a made-up alert to one endpoint, once. @throws PipelineError webhook_endpoint_unknown */
  testEndpoint(id: string, by: string): Promise<TestAnswer>;
};
