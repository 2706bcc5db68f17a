/** Where the files of the lake are kept. Paths have slashes between their parts and none at the beginning. */
export type LakeStorage = {
  /** In words, for logs and errors: a folder or a bucket. */
  readonly name: string;
  /** Tries whether files can be written and removed. @throws PipelineError lake_storage_refused, lake_storage_unavailable */
  check(): Promise<void>;
  /** Resolves when the whole file would survive a loss of power. A file of the same path is replaced. */
  put(path: string, bytes: Buffer): Promise<void>;
  /** Moves a file in one step for whoever reads. Done already, it changes nothing. @throws PipelineError lake_file_missing when the file is at neither path */
  move(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is fine. */
  remove(path: string): Promise<void>;
  /** The paths of all files below a folder. */
  list(folder: string): Promise<readonly string[]>;
};
