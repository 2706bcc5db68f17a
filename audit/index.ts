export { type Audit, type AuditParts, type AuditResult, createAudit } from "./audit.ts";
export { type AuditorParts, createAuditor } from "./auditor.ts";
export { checkHistory } from "./check-history.ts";
export type { AuditedTable, Span } from "./compare-table.ts";
export type { Anomaly, AnomalyKind, AnswerStatus, Attempt, Carried, History, Polled, Progress } from "./history.ts";
export type { NamedEvent, Unnamed } from "./name-events.ts";
export { type AuditOptions, auditOptions } from "./options.ts";
export { createTopicCounter } from "./topic-counter.ts";
export { type Trace, traceEvent } from "./trace/trace.ts";
