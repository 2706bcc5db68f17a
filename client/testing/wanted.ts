/** Which events are wanted. `data` needs only the fields that matter; matchers such as `expect.any(String)` may stand in it. */
export type Wanted<Type extends string = string, Data = object> = {
  readonly type?: Type;
  readonly id?: string;
  readonly subject?: string;
  readonly key?: string;
  readonly code?: string;
  readonly status?: string;
  readonly data?: Part<Data>;
  /** Wait for so many; 1. */
  readonly count?: number;
  readonly timeoutMs?: number;
};

/** Any part of a value. */
export type Part<T> = T extends Date | readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Part<T[K]> }
    : T;
