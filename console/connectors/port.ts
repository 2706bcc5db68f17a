/** The connectors' API of the sinks, which the console may not import; whoever makes the console knows it. */
export type ConnectorsPort = {
  /**
   * Sends a request and gives the JSON of the answer.
   * @throws PipelineError console_connector_refused with the words of the sinks; connector_api_unreachable
   */
  ask(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: readonly string[], body?: unknown): Promise<unknown>;
};
