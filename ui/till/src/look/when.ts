// Times as the shop's clock showed them. They come as text without a zone, "2026-11-22T06:43:27", and are written without passing through
// the zone of whatever machine shows them.

export type When = {
  /** "06:43". */
  clock(local: string): string;
  /** "06:43:27", where the order of things matters. */
  exact(local: string): string;
  /** "22 Nov 2026". */
  day(local: string): string;
  /** "22 Nov 2026, 06:43". */
  moment(local: string): string;
  /** "06:43", of an instant in milliseconds since 1970: the shop's clock, whatever zone the machine is in. */
  clockAt(at: number): string;
  /** "Wed". */
  weekdayAt(at: number): string;
};

const FORMATS = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  exact: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  day: { day: "numeric", month: "short", year: "numeric" },
  moment: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

export function whenOf(locale: string, zone: string): When {
  const writing = (name: keyof typeof FORMATS) => {
    const format = new Intl.DateTimeFormat(locale, { ...FORMATS[name], timeZone: "UTC", numberingSystem: "latn" });
    return (local: string) => {
      const at = Date.parse(`${local.slice(0, 19)}${local.includes("T") ? "Z" : "T00:00:00Z"}`);
      // What cannot be read as a time is shown as it came.
      return Number.isNaN(at) ? local : format.format(at);
    };
  };
  const instant = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: known(zone), numberingSystem: "latn" });
    return (at: number) => format.format(at);
  };
  return {
    clock: writing("clock"),
    exact: writing("exact"),
    day: writing("day"),
    moment: writing("moment"),
    clockAt: instant(FORMATS.clock),
    weekdayAt: instant({ weekday: "short" }),
  };
}

/** The zone, or UTC where this machine has never heard of it: a clock that cannot be shown is worse than one that says another hour. */
function known(zone: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
}
