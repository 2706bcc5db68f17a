/** What a rating screen needs of the SDK: `createClient<Events>(…)` has it. */
export type Tracker = {
  track(
    type: "trip.rated",
    data: { trip_id: string; rated_by: "rider"; rating: number; comment?: string | null },
  ): unknown;
};

/** The rider taps so many stars, and may say why. */
export function rateTrip(events: Tracker, tripId: string, stars: number, comment = ""): void {
  const text = comment.trim();
  events.track("trip.rated", {
    trip_id: tripId,
    rated_by: "rider",
    rating: stars,
    ...(text === "" ? {} : { comment: text }),
  });
}
