/** The console's path of a page of documentation. */
export const pathOf = (address: string): string => (address === "" ? "/docs" : `/docs/${address}`);

/** The address of a page by the console's path. */
export const addressAt = (path: string): string => path.replace(/^\/docs\/?/, "");
