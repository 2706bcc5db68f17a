export { checkHistory } from "./check-history.ts";
export type { Anomaly, AnomalyKind, AnswerStatus, Attempt, Carried, History, Polled, Progress } from "./history.ts";
