export { alertTopic, mismatchAlert } from "./alert.ts";
export { type Audit, type AuditParts, type AuditResult, createAudit } from "./audit.ts";
export { checkHistory } from "./check-history.ts";
export type { AuditedTable, Span } from "./compare-table.ts";
export type { Anomaly, AnomalyKind, AnswerStatus, Attempt, Carried, History, Polled, Progress } from "./history.ts";
export type { NamedEvent, Unnamed } from "./name-events.ts";
