/**
 * How one of our processes is launched, so that its memory stays under 300 MB. Node gives garbage a young generation of 96 MB by
 * default, and glibc keeps freed buffers for itself, one heap for each thread. The first line of hailstream.mjs, the Dockerfile and whoever starts
 * a station use the same.
 */
export const nodeFlags: readonly string[] = [
  "--max-semi-space-size=16",
  // Far above what is needed: Node lets the heap grow in larger steps the larger this is, and near the need it collects without end.
  "--max-old-space-size=1024",
  // Before the heap is first collected as a whole it may grow by this much: a third as often as by itself, for a fifth more records a second.
  "--initial-old-space-size=96",
];

/** Read by glibc before the process starts; other systems ignore them. */
export const allocatorVariables: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "262144",
  MALLOC_TRIM_THRESHOLD_: "262144",
};
