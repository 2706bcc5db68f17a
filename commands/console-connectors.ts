import type { ConnectorsPort } from "../console/index.ts";
import { messageOf, PipelineError } from "../runtime/index.ts";
import { ApiRefusal, createConnectorsClient } from "../sinks/api/client.ts";

/** The connectors' API as the console asks it. @param url of a process of the sinks; undefined: the console knows of none */
export function consoleConnectors(url: string | undefined, apiKey: string | undefined): ConnectorsPort {
  return {
    async ask(method, path, body) {
      if (url === undefined) {
        const message = "No station called sinks is among --console-stations, so nobody can be asked about connectors.";
        throw new PipelineError("console_connector_refused", { message });
      }
      try {
        return await createConnectorsClient({ url, apiKey }).ask(method, path, body);
      } catch (cause) {
        if (!(cause instanceof ApiRefusal)) throw cause;
        throw new PipelineError("console_connector_refused", { message: messageOf(cause), cause });
      }
    },
  };
}
