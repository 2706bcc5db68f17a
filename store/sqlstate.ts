/** The SQLSTATEs that code in this project asks for by name. Source: PostgreSQL manual, appendix A. */
export const sqlStates = {
  uniqueViolation: "23505",
  undefinedTable: "42P01",
  duplicateTable: "42P07",
  insufficientPrivilege: "42501",
  untranslatableCharacter: "22021",
  lockNotAvailable: "55P03",
  deadlockDetected: "40P01",
  queryCanceled: "57014",
} as const;

/**
 * What a SQLSTATE asks for:
 * - `retry`: the same work may succeed later with nothing changed (connection, resources, deadlock, shutdown, time-out);
 * - `reject`: the data is at fault (classes 22 and 23; 54 for a key too long for an index): one record can never be stored;
 * - `stop`: the program or the database's set-up is at fault (missing table, no privilege, syntax): nothing can be stored.
 */
export type SqlVerdict = "retry" | "reject" | "stop";

const retryClasses = new Set(["08", "40", "53", "55", "57", "58"]);
const rejectClasses = new Set(["22", "23", "54"]);
/** XX001 and XX002 are corruption, 57P04 a dropped database: waiting does not help. */
const stopStates = new Set(["57P04", "XX001", "XX002"]);

/** The verdict of one SQLSTATE; a state of an unknown class stops. */
export function verdictOf(sqlState: string): SqlVerdict {
  if (stopStates.has(sqlState)) return "stop";
  const group = sqlState.slice(0, 2);
  if (retryClasses.has(group)) return "retry";
  return rejectClasses.has(group) ? "reject" : "stop";
}

/** The SQLSTATE of an error or of one of its causes; undefined when the database did not say one. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    const code = (e as { code?: unknown }).code;
    // Node's own errors carry codes like ECONNRESET; a SQLSTATE is five digits or capitals that the server sent with a severity.
    if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && "severity" in e) return code;
  }
  return undefined;
}
