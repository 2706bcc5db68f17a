import { DateTime, IANAZone } from "luxon";

/** Reads wall-clock times of one place. */
export type LocalClock = {
  /**
   * The instants, ms since 1970, that the text may mean: none when it is no time; two, the earlier first, in the hour that
   * comes twice when summer time ends. A time that summer time skips means the instant one hour later, as clocks did.
   */
  instantsOf(text: string): readonly number[];
};

const isoLike = /^(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?$/;
const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])[Mm])?$/;

/**
 * TLC files write `2015-01-01 00:03:30`; copies that went through a spreadsheet write `1/1/2015 12:03:30 AM`. Offsets are
 * looked up once a minute of wall-clock time, for the time-zone database is slow to ask.
 */
export function createLocalClock(timeZone: string): LocalClock {
  let offsets = new Map<string, readonly number[]>();

  const startsOfMinute = (year: number, month: number, day: number, hour: number, minute: number) => {
    const key = `${year}-${month}-${day} ${hour}:${minute}`;
    const known = offsets.get(key);
    if (known !== undefined) return known;
    const local = DateTime.fromObject({ year, month, day, hour, minute }, { zone: timeZone });
    const starts = local.isValid ? local.getPossibleOffsets().map((instant) => instant.toMillis()) : [];
    if (offsets.size > 20_000) offsets = new Map();
    offsets.set(key, starts);
    return starts;
  };

  return {
    instantsOf(text) {
      const iso = isoLike.exec(text);
      const us = iso === null ? american.exec(text) : null;
      const parts = iso ?? us;
      if (parts === null) return [];
      const n = (index: number) => Number(parts[index] ?? 0);
      const second = n(6);
      if (second > 59) return [];
      const millisecond = iso === null ? 0 : Math.floor(Number(`0.${iso[7] ?? 0}`) * 1_000);
      const starts =
        us === null
          ? startsOfMinute(n(1), n(2), n(3), n(4), n(5))
          : startsOfMinute(n(3), n(1), n(2), hourOf(n(4), us[7]), n(5));
      return starts.map((start) => start + second * 1_000 + millisecond);
    },
  };
}

/** Whether there is a time zone of this name in the IANA database. */
export function isTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  if (hour < 1 || hour > 12) return 99;
  return (hour % 12) + (half.toUpperCase() === "P" ? 12 : 0);
}
