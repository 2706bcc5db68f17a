/**
 * How one of our processes is launched, so that its memory stays under 300 MB. Node gives garbage a young generation of 96 MB by
 * default, and glibc keeps freed buffers for itself, one heap for each thread. The first line of main.ts, the Dockerfile and whoever starts
 * a station use the same.
 */
export const nodeFlags: readonly string[] = [
  // kafkajs asks for timers in the past, which newer versions of Node tell of at every start.
  "--disable-warning=TimeoutNegativeWarning",
  "--max-semi-space-size=16",
  // Far above what is needed: Node lets the heap grow in larger steps the larger this is, and near the need it collects without end.
  "--max-old-space-size=1024",
];

/**
 * For the workers of `--ingest-processes`: a larger bound still, for a seventh more events a second at the same 210 MB a process under load.
 * From 2,048 on Node lets the heap grow past 300 MB and gains nothing by it.
 */
export const workerFlags: readonly string[] = nodeFlags.map((flag) =>
  flag.startsWith("--max-old-space-size=") ? "--max-old-space-size=1536" : flag,
);

/** Read by glibc before the process starts; other systems ignore them. */
export const allocatorVariables: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "262144",
  MALLOC_TRIM_THRESHOLD_: "262144",
};
