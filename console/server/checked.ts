import type { z } from "zod";
import { PipelineError } from "../../runtime/index.ts";

/** What a page asks for, checked. @throws PipelineError console_request_invalid, which names each field */
export function checked<T extends z.ZodType>(shape: T, given: unknown): z.output<T> {
  const parsed = shape.safeParse(given);
  if (parsed.success) return parsed.data;
  const said = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new PipelineError("console_request_invalid", { message: said.join("; ") });
}
