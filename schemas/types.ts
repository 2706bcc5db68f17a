// Generated from the .avsc files by `hailstream schemas types`. Do not edit.

/** One of the alerts that a group tells together. */
export type AlertMember = {
  /** What tells this member from the others. */
  readonly labels: Readonly<Record<string, string>>;
  /** firing while its condition holds. */
  readonly status: "firing" | "resolved";
  /** When its condition began, in UTC. */
  readonly started_at: number | string;
  /** When its condition ended, in UTC; null while it is firing. */
  readonly ended_at?: number | string | null;
  /** One sentence for people. */
  readonly summary: string;
};

/** Something that people must know of: a rule met its condition (firing) or no longer does (resolved). */
export type Alert = {
  /** The incident, alr_ and an opaque rest: from the moment it fires until it is resolved, every message about it carries this id. */
  readonly alert_id: string;
  /** What the alert is about, such as the rule and the person: the same for every incident about it, so a resolved alert carries the key of the firing one. */
  readonly alert_key: string;
  /** Name of the rule that made the alert. */
  readonly rule: string;
  /** How urgent it is: info, warning or critical (somebody must act now). */
  readonly severity: "info" | "warning" | "critical";
  /** One sentence for people. */
  readonly summary: string;
  /** firing while the condition holds, resolved when it ended. */
  readonly status: "firing" | "resolved";
  /** Id of the event that made the rule fire; where none arrived, of the last one before. */
  readonly event_id: string;
  /** Type of that event, such as safety.sos. */
  readonly event_type: string;
  /** When the condition began, in UTC; the same in every message about the incident. */
  readonly started_at: number | string;
  /** Further facts about the alert by name, at most 32; ids of persons among them. Default: {}. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Latitude of the place where it happened, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where it happened, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
  /** When the condition ended, in UTC; null while the alert is firing. */
  readonly ended_at?: number | string | null;
  /** Why it is told: the incident opened, more members joined it, it still stands after the rule's repeat interval, or it is resolved. Default: "opened". */
  readonly notification?: "opened" | "changed" | "repeated" | "resolved";
  /** Which message about the incident this is, from 1; the highest one says how things stand. Default: 1. */
  readonly sequence?: number;
  /** What made it fire: the rule's condition, that nothing arrives that the rule could judge, or that the rule itself fails. Default: "condition". */
  readonly cause?: "condition" | "no_data" | "error";
  /** Texts of the rule for people, by name, such as description and runbook_url. Default: {}. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The alerts that are told together here, the newest hundred; empty for a rule that does not group. Default: []. */
  readonly members?: readonly AlertMember[];
};

/** One use of an app or one error in it, each exactly once, with the version of the app and, of an error, its fingerprint. Has the id and the time of the event that shows it. */
export type AppActivity = {
  /** Which app it was: driver or rider. */
  readonly app: string;
  /** Version of the app, such as 6.1.2. */
  readonly app_version: string;
  /** use: a session of the rider app began or a driver changed status; error: the app crashed or met an error. */
  readonly kind: "use" | "error";
  /** Type of the event that shows it, such as app.error. */
  readonly event_type: string;
  /** Of an error: what it has in common with the others of its group, 16 hexadecimal digits; null for a use. */
  readonly fingerprint?: string | null;
  /** Of an error: its class; null for a use. */
  readonly error_type?: string | null;
  /** Of an error: the innermost frames that the fingerprint is made of, without line numbers, addresses, ids and bundle hashes. Default: []. */
  readonly top_frames?: readonly string[];
  /** Of an error: true when the app ended by it. Default: false. */
  readonly fatal?: boolean;
  /** Topic and partition where the event was read, such as app-errors/3. With read_offset it tells a repetition from a new event. */
  readonly read_from: string;
  /** Offset of the event in read_from. */
  readonly read_offset: number;
};

/** The driver or rider app crashed or met an error; for the engineers who repair it. */
export type AppError = {
  /** The use of the app in which it happened, ses_ and an opaque rest. */
  readonly session_id: string;
  /** Which app it was: driver or rider. */
  readonly app: "driver" | "rider";
  /** Version of the app, such as 6.1.2. */
  readonly app_version: string;
  /** Operating system of the device: ios, android or web. */
  readonly platform: string;
  /** Version of the operating system; null when unknown. */
  readonly os_version?: string | null;
  /** Model of the device as its maker names it; null when unknown. */
  readonly device_model?: string | null;
  /** Class of the error, such as NullPointerException: what errors are grouped by. */
  readonly error_type: string;
  /** Message of the error; may quote what a user typed. */
  readonly message: string;
  /** Stack trace, innermost frame first, one text a frame, at most 200; empty when there is none. Default: []. */
  readonly stack?: readonly string[];
  /** True when the app ended by it. */
  readonly fatal: boolean;
  /** The rdr_ or drv_ id of who was signed in; null when nobody was. */
  readonly user_id?: string | null;
};

/** Errors of one version of an app that have the same fingerprint, counted. Of several records of a group the one with the highest revision is valid. */
export type AppErrorGroup = {
  /** The group and the version: fingerprint, slash, app_version. */
  readonly group_key: string;
  /** 1 when the group is told first, one more each time that it is told again. */
  readonly revision: number;
  /** What the errors have in common whatever the version: a hash of app, error_type and top_frames, 16 hexadecimal digits. */
  readonly fingerprint: string;
  /** Which app it was: driver or rider. */
  readonly app: string;
  /** Version of the app, such as 6.1.2. */
  readonly app_version: string;
  /** Class of the error, such as NullPointerException. */
  readonly error_type: string;
  /** The innermost frames, without line numbers, addresses, ids and bundle hashes; empty when the errors have no stack. Default: []. */
  readonly top_frames?: readonly string[];
  /** How many errors there were so far, each counted once. */
  readonly count: number;
  /** How many of them ended the app. */
  readonly fatal_count: number;
  /** When the first of them happened by the clock of the device, in UTC. */
  readonly first_seen: number | string;
  /** When the last of them happened by the clock of the device, in UTC. */
  readonly last_seen: number | string;
  /** The event_id of the first of them in events.app_error, where its message and whole stack are. */
  readonly first_event_id: string;
  /** The event_id of the last of them in events.app_error. */
  readonly last_event_id: string;
};

/** How many events of a type were given up for a reason. */
export type AppEventsDroppedCount = {
  /** The type of the events; null when it cannot be told any more. */
  readonly event_type?: string | null;
  /** Why: evicted, damaged, rejected, too_large, switched_off, no_consent, invalid or closed; docs/sdk.md explains each. */
  readonly reason: string;
  /** How many events, since the report before. */
  readonly count: number;
};

/** The SDK in an app gave events up and says how many of which type and why; so what is missing in the tables is known. */
export type AppEventsDropped = {
  /** The installation of the app, cli_ and an opaque rest; a new one after consent was withdrawn. */
  readonly client_id: string;
  /** The counts since the report before, at most 1,000. */
  readonly dropped: readonly AppEventsDroppedCount[];
};

/** How one version of an app did in one minute and the minutes before, against the other versions; what alert rules about releases read. Of several records of a minute the one with the highest revision is valid. */
export type AppVersionMinute = {
  /** Which app it is: driver or rider. */
  readonly app: string;
  /** Version of the app, such as 6.1.2; other for what lies beyond the 200 versions of an app that are told apart in a minute. */
  readonly app_version: string;
  /** The beginning of the minute, in UTC. */
  readonly minute: number | string;
  /** 1 when the minute is told first, one more each time that later events changed it or what it is compared with. */
  readonly revision: number;
  /** Sessions of the rider app, or changes of status in the driver app, in this minute. */
  readonly uses: number;
  /** Errors in this minute. */
  readonly errors: number;
  /** How many of them ended the app. */
  readonly fatal_errors: number;
  /** Uses in the five minutes that end with this one. */
  readonly recent_uses: number;
  /** Errors in the five minutes that end with this one. */
  readonly recent_errors: number;
  /** Errors a use in these five minutes; null when there was no use. */
  readonly error_rate?: number | null;
  /** What the rate is compared with: the other versions of the app in the last hour, this version in the hour before the five minutes when the others have fewer than 100 uses, or none when that has fewer too. */
  readonly baseline: "other_versions" | "own_past" | "none";
  /** Errors a use of the baseline; null when there is none. */
  readonly baseline_rate?: number | null;
  /** True when recent_errors is at least 5, at least twice what the baseline lets expect of recent_uses, and above that by three standard deviations of a Poisson count. */
  readonly rising: boolean;
};

/** One corner of the boundary of a city. */
export type CityBoundaryPoint = {
  /** Latitude of the corner, WGS 84 degrees north. */
  readonly latitude: number;
  /** Longitude of the corner, WGS 84 degrees east. */
  readonly longitude: number;
};

/** A city that the company serves and its boundary; the newest record of a city replaces the older ones. */
export type City = {
  /** The city, cty_ and an opaque rest. */
  readonly city_id: string;
  /** Name of the city in English. */
  readonly name: string;
  /** ISO 3166-1 alpha-2 code of the country in capital letters. */
  readonly country: string;
  /** ISO 4217 code of the currency in capital letters that fares are in. */
  readonly currency: string;
  /** IANA name of the time zone, such as America/New_York. */
  readonly timezone: string;
  /** Outer boundary as a polygon: its corners in order, the last one joined to the first, at most 10,000; empty when the city has none. */
  readonly boundary: readonly CityBoundaryPoint[];
};

/** What a driver did in one hour of UTC. Of several records of a driver and hour the one with the highest revision is valid. */
export type DriverHour = {
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** Start of the hour in UTC. */
  readonly hour: number | string;
  /** 1 for the first account of the hour, one more each time that later events changed it; the highest is the valid one. */
  readonly revision: number;
  /** The city where the driver was last seen in the hour, cty_ and an opaque rest; null when seen in none. */
  readonly city_id?: string | null;
  /** Time online: open, dispatched or on_trip, and heard of; in seconds. */
  readonly online_seconds: number;
  /** Time online waiting for a request, in seconds. */
  readonly open_seconds: number;
  /** Time online on the way to a rider, in seconds. */
  readonly dispatched_seconds: number;
  /** Time online with a rider aboard, in seconds. */
  readonly on_trip_seconds: number;
  /** Time with a rider or on the way to one as a share of the time online, 0 to 1; null when the driver was not online. */
  readonly utilisation?: number | null;
  /** Time in a status other than offline in which nothing was heard of the driver for longer than the silence limit; not online; in seconds. */
  readonly silent_seconds: number;
  /** Time in which positions came and no status was known; not online; in seconds. */
  readonly unknown_seconds: number;
};

/** Two consecutive positions of a driver that no vehicle can have driven between: a spoofed or broken device. Its time is that of the second one. */
export type DriverJump = {
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** Id of the driver.location event before the jump. */
  readonly from_event_id: string;
  /** Id of the driver.location event behind it. */
  readonly to_event_id: string;
  /** When the driver was at the first position, in UTC. */
  readonly from_at: number | string;
  /** When the driver was at the second position, in UTC. */
  readonly to_at: number | string;
  /** Latitude of the first position, WGS 84 degrees north. */
  readonly from_latitude: number;
  /** Longitude of the first position, WGS 84 degrees east. */
  readonly from_longitude: number;
  /** Latitude of the second position, WGS 84 degrees north. */
  readonly to_latitude: number;
  /** Longitude of the second position, WGS 84 degrees east. */
  readonly to_longitude: number;
  /** Great-circle distance between the positions in metres, less the accuracy of both. */
  readonly distance: number;
  /** That distance by the time between the positions, at least a second, in metres a second. */
  readonly speed: number;
};

/** Where a driver was, sent by the driver app every few seconds while the driver is online. */
export type DriverLocation = {
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** Latitude of the driver, WGS 84 degrees north. */
  readonly latitude: number;
  /** Longitude of the driver, WGS 84 degrees east. */
  readonly longitude: number;
  /** Direction of travel in degrees clockwise from north, 0 to 360; null when the vehicle stands or the device cannot tell. */
  readonly heading_degrees?: number | null;
  /** Speed over ground in metres a second; null when the device cannot tell. */
  readonly speed?: number | null;
  /** Radius in metres within which the true position lies with 68 % probability; null when the device cannot tell. */
  readonly accuracy?: number | null;
  /** The trip, trp_ and an opaque rest; null while the driver is on no trip. */
  readonly trip_id?: string | null;
  /** The vehicle in use, veh_ and an opaque rest; null when the app does not know it. */
  readonly vehicle_id?: string | null;
};

/** Where a driver was last known to be: the newest position by its own time. Of a driver the newest record replaces the older ones, in the topic and in the table. */
export type DriverPosition = {
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** Latitude of the driver, WGS 84 degrees north. */
  readonly latitude: number;
  /** Longitude of the driver, WGS 84 degrees east. */
  readonly longitude: number;
  /** H3 cell of the position at resolution 8, lower-case hexadecimal; null when it was not computed. */
  readonly h3_cell?: string | null;
  /** The city that holds the position, cty_ and an opaque rest; null when none does. */
  readonly city_id?: string | null;
  /** Direction of travel in degrees clockwise from north; null when the device could not tell. */
  readonly heading_degrees?: number | null;
  /** Speed over ground in metres a second; null when the device could not tell. */
  readonly speed?: number | null;
  /** Radius in metres within which the true position lies with 68 % probability; null when the device could not tell. */
  readonly accuracy?: number | null;
  /** The trip, trp_ and an opaque rest; null while the driver was on no trip. */
  readonly trip_id?: string | null;
  /** The vehicle, veh_ and an opaque rest; null when unknown. */
  readonly vehicle_id?: string | null;
  /** Service class of the vehicle; null when unknown. */
  readonly vehicle_class?: string | null;
};

/** What the company knows about a driver from the record's time on, until the next record of the same driver. */
export type DriverProfile = {
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** Name of the driver as shown to riders. */
  readonly name: string;
  /** Mean of the ratings of the last 500 trips, 1 to 5; null before the first. */
  readonly rating?: number | null;
  /** The vehicle that the driver is registered with, veh_ and an opaque rest; null when none. */
  readonly vehicle_id?: string | null;
  /** The city that licenses the driver, cty_ and an opaque rest; null when unknown. */
  readonly home_city_id?: string | null;
  /** False when the driver may not work at present. Default: true. */
  readonly active?: boolean;
};

/** A driver went online or offline, was dispatched, or began or ended a trip. */
export type DriverStatus = {
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** What the driver does from now on: offline, open (waits for a request), dispatched (drives to a rider) or on_trip (has a rider aboard). */
  readonly status: "offline" | "open" | "dispatched" | "on_trip";
  /** Latitude of the place where it happened, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where it happened, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
  /** The vehicle in use, veh_ and an opaque rest; null when the app does not know it. */
  readonly vehicle_id?: string | null;
};

/** Supply and demand of one area in one minute, by event time; the event's time is the beginning of the minute. Areas in which nothing was counted have no row. */
export type MarketplaceMinute = {
  /** The city, cty_ and an opaque rest. */
  readonly city_id: string;
  /** The H3 cell, lower-case hexadecimal; null in the row of the whole city. */
  readonly h3_cell?: string | null;
  /** Resolution of the cell, 7 (about 5 square kilometres) or 8 (about 0.7); null in the row of the whole city. */
  readonly resolution?: number | null;
  /** 1 for the first result of the area and minute, one more for each that follows; the highest is the valid one. */
  readonly revision: number;
  /** True for the last result of the area and minute, of which there is exactly one. */
  readonly final: boolean;
  /** Drivers who were on no trip when they were last seen in the minute, counted where that was. */
  readonly open_drivers: number;
  /** Trips that were asked for. */
  readonly requests: number;
  /** Trips that ended at their destination here. */
  readonly completed: number;
  /** Trips that were called off, where that happened, else where they were asked for. */
  readonly cancelled: number;
  /** Requests that in this minute were called off before any driver accepted, or had waited in vain for two minutes (--stream-patience-ms), counted where they were made. */
  readonly unmet_demand: number;
  /** Drivers who arrived at a pick-up place. */
  readonly pickups: number;
  /** Median over the pickups from the acceptance to the arrival of the driver, in seconds; null without a pickup. */
  readonly median_pickup_seconds?: number | null;
  /** What a price is multiplied by, 1.0 to 3.0 in tenths: demand over supply, smoothed over the neighbouring cells. */
  readonly surge_multiplier: number;
};

/** A charge for a trip was refused or could not be made. */
export type PaymentFailed = {
  /** The charge, pay_ and an opaque rest; the same for all attempts. */
  readonly payment_id: string;
  /** The trip, trp_ and an opaque rest. */
  readonly trip_id: string;
  /** The rider, rdr_ and an opaque rest. */
  readonly rider_id: string;
  /** What was to be charged, in minor units of currency (cents for USD). */
  readonly amount: number;
  /** ISO 4217 code of the currency in capital letters. */
  readonly currency: string;
  /** Means of payment: card, wallet, cash or invoice. */
  readonly method: string;
  /** Reason as the payment provider names it, such as card_declined. */
  readonly failure_code: string;
  /** Which attempt at this charge failed, 1 for the first. */
  readonly attempt: number;
};

/** What an audit found of one event type at one station: told by each audit that finds something, and once when nothing is wrong any more. */
export type PipelineAudit = {
  /** The type of the events that are missing or too many. */
  readonly event_type: string;
  /** Where they are missing or too many: kafka, stream or postgres. */
  readonly station: string;
  /** Events that should be there and are not. */
  readonly missing: number;
  /** Events that are there and should not be, or twice. */
  readonly extra: number;
  /** Minutes that differ and of which nobody can name the events any more. */
  readonly unnamed: number;
  /** Ids of the first events that are missing, with commas between. */
  readonly missing_ids: string;
  /** Ids of the first events that are too many, with commas between. */
  readonly extra_ids: string;
};

/** How far a consumer group is behind in a topic: told while it is behind by more than some seconds, and once when it no longer is. */
export type PipelineLag = {
  /** The consumer group, as Kafka knows it. */
  readonly consumer_group: string;
  /** The topic that the group reads. */
  readonly source_topic: string;
  /** Records that the group has not committed. */
  readonly records: number;
  /** Age in seconds of the oldest of these records, by its time of arrival. */
  readonly seconds: number;
};

/** What a sink could not store in the last quarter of an hour: told while there is something, and once when there no longer is. */
export type PipelineRejections = {
  /** The sink, by its name in pipeline.checkpoints. */
  readonly consumer: string;
  /** The topic that the records were read from. */
  readonly source_topic: string;
  /** The code of the error, from docs/errors.md. */
  readonly code: string;
  /** Records that became dead letters in the quarter of an hour before. */
  readonly records: number;
};

/** A rider was shown a price for a trip and has not yet asked for the trip. */
export type RiderFareViewed = {
  /** The rider, rdr_ and an opaque rest. */
  readonly rider_id: string;
  /** The use of the app in which the price was shown, ses_ and an opaque rest. */
  readonly session_id: string;
  /** Latitude of the pick-up place asked for, WGS 84 degrees north; null when the rider gave none. */
  readonly latitude?: number | null;
  /** Longitude of the pick-up place asked for, WGS 84 degrees east; null when the rider gave none. */
  readonly longitude?: number | null;
  /** Latitude of the place to go to, WGS 84 degrees north; null when the rider gave none. */
  readonly dropoff_latitude?: number | null;
  /** Longitude of the place to go to, WGS 84 degrees east; null when the rider gave none. */
  readonly dropoff_longitude?: number | null;
  /** The service class that the price is for, such as standard, large or shared; null when only one exists. */
  readonly product?: string | null;
  /** The price shown, in minor units of fare_currency (cents for USD). */
  readonly fare_amount: number;
  /** ISO 4217 code of the currency in capital letters. */
  readonly fare_currency: string;
  /** Factor by which demand raised the price, 1 for none; null when unknown. */
  readonly surge_multiplier?: number | null;
};

/** A rider opened the rider app or came back to it after 30 minutes. */
export type RiderSession = {
  /** The rider, rdr_ and an opaque rest. */
  readonly rider_id: string;
  /** One use of the app, ses_ and an opaque rest; ties the views, requests and errors of this use together. */
  readonly session_id: string;
  /** Latitude of the place where it happened, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where it happened, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
  /** Version of the app, such as 6.1.2; null when unknown. */
  readonly app_version?: string | null;
  /** Operating system of the device: ios, android or web; null when unknown. */
  readonly platform?: string | null;
};

/** A rider or driver pressed the emergency button. */
export type SafetySos = {
  /** The call for help, sos_ and an opaque rest; repeated presses within a minute share it. */
  readonly sos_id: string;
  /** Who pressed the button: a rdr_ or drv_ id. */
  readonly person_id: string;
  /** In which role the person pressed the button: rider or driver. */
  readonly reported_by: "rider" | "driver";
  /** The trip, trp_ and an opaque rest; null when it was pressed outside a trip. */
  readonly trip_id?: string | null;
  /** Latitude of the place where it happened, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where it happened, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
  /** What the person typed; null when nothing. */
  readonly note?: string | null;
};

/** One account of a whole trip, from the request to its end, made of its events by event time. Of several accounts of a trip the one with the highest revision is valid. */
export type Trip = {
  /** The trip, trp_ and an opaque rest. */
  readonly trip_id: string;
  /** 1 for the first account of the trip, one more each time that later events changed it; the highest is the valid one. */
  readonly revision: number;
  /** completed, cancelled, or stuck: no event came for a long time and the end is unknown. */
  readonly status: "completed" | "cancelled" | "stuck";
  /** The stages that a trip with this status should have and of which no event came: any of requested, accepted, driver_arrived, started; empty when the account is whole. Default: []. */
  readonly missing?: readonly string[];
  /** The rider, rdr_ and an opaque rest; null when no event named one. */
  readonly rider_id?: string | null;
  /** The driver, drv_ and an opaque rest; null when no driver accepted. */
  readonly driver_id?: string | null;
  /** The vehicle, veh_ and an opaque rest; null when unknown. */
  readonly vehicle_id?: string | null;
  /** The city where the rider asked for the trip, else where it began; null when neither lies in a known city. */
  readonly city_id?: string | null;
  /** When the rider asked for the trip, in UTC. */
  readonly requested_at?: number | string | null;
  /** When the driver accepted, in UTC. */
  readonly accepted_at?: number | string | null;
  /** When the driver stood at the pick-up place, in UTC. */
  readonly driver_arrived_at?: number | string | null;
  /** When the rider was aboard, in UTC. */
  readonly started_at?: number | string | null;
  /** When the trip ended at its destination, in UTC. */
  readonly completed_at?: number | string | null;
  /** When somebody cancelled, in UTC. */
  readonly cancelled_at?: number | string | null;
  /** When the trip ended by completion or cancellation; of a stuck trip, when something was last heard of it; in UTC. */
  readonly ended_at: number | string;
  /** From the request to the start of the trip, in seconds; negative when the clocks of the two apps disagree; null when either is unknown. */
  readonly waiting_seconds?: number | null;
  /** From the acceptance to the arrival of the driver, in seconds; null when either is unknown. */
  readonly pickup_seconds?: number | null;
  /** From the start to the end of the trip, in seconds; null when either is unknown. */
  readonly travel_seconds?: number | null;
  /** Distance driven with the rider aboard as the driver's app measured it, in metres; null when it was not measured. */
  readonly distance?: number | null;
  /** What the rider owes in total, in minor units of fare_currency (cents for USD); null until priced. */
  readonly fare_amount?: number | null;
  /** ISO 4217 code of the currency in capital letters; null when fare_amount is null. */
  readonly fare_currency?: string | null;
  /** H3 cell (resolution 8) where the trip started, else where it was asked for, lower-case hexadecimal; null without a position. */
  readonly pickup_cell?: string | null;
  /** H3 cell (resolution 8) where the trip ended, lower-case hexadecimal; null without a position. */
  readonly dropoff_cell?: string | null;
  /** Who cancelled: rider, driver or system; null when nobody did. */
  readonly cancelled_by?: string | null;
  /** Why, as the app gave it; null when it gave none. */
  readonly cancel_reason?: string | null;
  /** The rating that the rider gave, 1 to 5; null until then. */
  readonly rider_rating?: number | null;
  /** The rating that the driver gave, 1 to 5; null until then. */
  readonly driver_rating?: number | null;
  /** True when the device had no connection at the end of the trip and sent its events later. Default: false. */
  readonly stored_and_forwarded?: boolean;
  /** Length of the way with the rider aboard along the positions that the driver's app reported, great-circle arcs from one to the next, in metres; null when fewer than two places are known. */
  readonly path_distance?: number | null;
  /** How many reported positions path_distance and route_cells are made of, besides the places of start and end. Default: 0. */
  readonly path_positions?: number;
  /** The H3 cells that the way with the rider aboard went through, in their order, lower-case hexadecimal; of resolution 8, of a very long way coarser. Default: []. */
  readonly route_cells?: readonly string[];
};

/** A driver accepted the request; from now on the trip has a driver. */
export type TripAccepted = {
  /** The trip, trp_ and an opaque rest. */
  readonly trip_id: string;
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** The rider, rdr_ and an opaque rest; null when the app that sent it does not know the rider. */
  readonly rider_id?: string | null;
  /** The vehicle in use, veh_ and an opaque rest; null when the app does not know it. */
  readonly vehicle_id?: string | null;
  /** Latitude of the place where it happened, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where it happened, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
  /** Expected time until the driver is at the pick-up place, in seconds; null when unknown. */
  readonly eta_seconds?: number | null;
};

/** A trip was called off before it was completed. */
export type TripCancelled = {
  /** The trip, trp_ and an opaque rest. */
  readonly trip_id: string;
  /** The rider, rdr_ and an opaque rest; null when the app that sent it does not know the rider. */
  readonly rider_id?: string | null;
  /** The driver, drv_ and an opaque rest; null when none was assigned. */
  readonly driver_id?: string | null;
  /** Who called the trip off: rider, driver, or system (nobody accepted in time, payment refused). */
  readonly cancelled_by: "rider" | "driver" | "system";
  /** Short code of the reason that was chosen, such as changed_plans or no_show; null when none was given. */
  readonly reason?: string | null;
  /** Latitude of the place where it happened, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where it happened, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
};

/** The rider was brought to the destination; the last event of a trip that took place, apart from ratings. */
export type TripCompleted = {
  /** The trip, trp_ and an opaque rest. */
  readonly trip_id: string;
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** The rider, rdr_ and an opaque rest; null when the app that sent it does not know the rider. */
  readonly rider_id?: string | null;
  /** The vehicle in use, veh_ and an opaque rest; null when the app does not know it. */
  readonly vehicle_id?: string | null;
  /** Latitude of the place where the trip ended, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where the trip ended, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
  /** Distance driven with the rider aboard, in metres; null when it was not measured. */
  readonly distance?: number | null;
  /** Time from start to end with the rider aboard, in seconds; null when unknown. */
  readonly duration_seconds?: number | null;
  /** What the rider owes in total, in minor units of fare_currency (cents for USD), negative for a correction; null until priced. */
  readonly fare_amount?: number | null;
  /** ISO 4217 code of the currency in capital letters; null when fare_amount is null. */
  readonly fare_currency?: string | null;
  /** True when the device had no connection at the end of the trip and sent the event later. Default: false. */
  readonly stored_and_forwarded?: boolean;
};

/** The driver is at the pick-up place and waits for the rider. */
export type TripDriverArrived = {
  /** The trip, trp_ and an opaque rest. */
  readonly trip_id: string;
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** The rider, rdr_ and an opaque rest; null when the app that sent it does not know the rider. */
  readonly rider_id?: string | null;
  /** The vehicle in use, veh_ and an opaque rest; null when the app does not know it. */
  readonly vehicle_id?: string | null;
  /** Latitude of the place where it happened, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where it happened, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
};

/** One side of a finished trip rated the other. */
export type TripRated = {
  /** The trip, trp_ and an opaque rest. */
  readonly trip_id: string;
  /** Who gave the rating: rider (about the driver) or driver (about the rider). */
  readonly rated_by: "rider" | "driver";
  /** Number of stars, 1 (worst) to 5 (best). */
  readonly rating: number;
  /** The rider, rdr_ and an opaque rest; null when the app that sent it does not know the rider. */
  readonly rider_id?: string | null;
  /** The driver, drv_ and an opaque rest; null when none was assigned. */
  readonly driver_id?: string | null;
  /** What the person wrote with the rating; null when nothing. */
  readonly comment?: string | null;
  /** Latitude of the place where it happened, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where it happened, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
};

/** A rider asked for a trip; the first event of every trip. */
export type TripRequested = {
  /** The trip, trp_ and an opaque rest. */
  readonly trip_id: string;
  /** The rider, rdr_ and an opaque rest. */
  readonly rider_id: string;
  /** Latitude of the pick-up place asked for, WGS 84 degrees north. */
  readonly latitude: number;
  /** Longitude of the pick-up place asked for, WGS 84 degrees east. */
  readonly longitude: number;
  /** Latitude of the place to go to, WGS 84 degrees north; null when the rider gave none. */
  readonly dropoff_latitude?: number | null;
  /** Longitude of the place to go to, WGS 84 degrees east; null when the rider gave none. */
  readonly dropoff_longitude?: number | null;
  /** The service class asked for, such as standard, large or shared; null when only one exists. */
  readonly product?: string | null;
  /** Number of people who want to ride; null when the rider did not say. */
  readonly passenger_count?: number | null;
  /** The price shown before the request, in minor units of fare_currency; null when none was shown. */
  readonly fare_estimate_amount?: number | null;
  /** ISO 4217 code of the currency in capital letters of the estimate; null when no price was shown. */
  readonly fare_currency?: string | null;
};

/** The rider is aboard and the trip begins. */
export type TripStarted = {
  /** The trip, trp_ and an opaque rest. */
  readonly trip_id: string;
  /** The driver, drv_ and an opaque rest. */
  readonly driver_id: string;
  /** The rider, rdr_ and an opaque rest; null when the app that sent it does not know the rider. */
  readonly rider_id?: string | null;
  /** The vehicle in use, veh_ and an opaque rest; null when the app does not know it. */
  readonly vehicle_id?: string | null;
  /** Latitude of the place where it happened, WGS 84 degrees north; null when the app had no position. */
  readonly latitude?: number | null;
  /** Longitude of the place where it happened, WGS 84 degrees east; null when the app had no position. */
  readonly longitude?: number | null;
};

/** What the company knows about a vehicle from the record's time on, until the next record of the same vehicle. */
export type VehicleProfile = {
  /** The vehicle, veh_ and an opaque rest. */
  readonly vehicle_id: string;
  /** Service class that it may drive, such as standard, large or shared. */
  readonly vehicle_class: string;
  /** Maker of the vehicle; null when unknown. */
  readonly make?: string | null;
  /** Model of the vehicle; null when unknown. */
  readonly model?: string | null;
  /** Number of seats for riders; null when unknown. */
  readonly capacity?: number | null;
  /** Licence plate as written on the vehicle; null when unknown. */
  readonly plate?: string | null;
};

/** The fields that the stream processor adds behind those of an event; the record itself is never written. */
export type EnrichmentFields = {
  /** The city whose boundary holds the position, cty_ and an opaque rest; null when none does or the event has no position. */
  readonly city_id?: string | null;
  /** H3 cell of the position at resolution 8 (about 0.7 square kilometres), lower-case hexadecimal; null without a position. */
  readonly h3_cell?: string | null;
  /** Rating of the driver at the time of the event, 1 to 5; null when unknown. */
  readonly driver_rating?: number | null;
  /** The city that licenses the driver, cty_ and an opaque rest; null when unknown. */
  readonly driver_home_city_id?: string | null;
  /** The vehicle of the event or, when the event names none, the one that the driver is registered with, veh_ and an opaque rest; null when unknown. */
  readonly enriched_vehicle_id?: string | null;
  /** Service class of that vehicle; null when unknown. */
  readonly vehicle_class?: string | null;
  /** Number of seats for riders of that vehicle; null when unknown. */
  readonly vehicle_capacity?: number | null;
  /** What could not be joined: any of driver, vehicle, city, position; empty when everything was found. Default: []. */
  readonly enrichment_missing?: readonly string[];
  /** 0 as the event was first enriched, one more each time that a profile which had been missing was joined later; of several with the same id the highest is valid. Default: 0. */
  readonly enrichment_revision?: number;
};

/** The data of an event by its type. */
export type EventData = {
  readonly "alert": Alert;
  readonly "app.activity": AppActivity;
  readonly "app.error": AppError;
  readonly "app.error_group": AppErrorGroup;
  readonly "app.events_dropped": AppEventsDropped;
  readonly "app.version_minute": AppVersionMinute;
  readonly "city": City;
  readonly "driver.hour": DriverHour;
  readonly "driver.jump": DriverJump;
  readonly "driver.location": DriverLocation;
  readonly "driver.position": DriverPosition;
  readonly "driver.profile": DriverProfile;
  readonly "driver.status": DriverStatus;
  readonly "marketplace.minute": MarketplaceMinute;
  readonly "payment.failed": PaymentFailed;
  readonly "pipeline.audit": PipelineAudit;
  readonly "pipeline.lag": PipelineLag;
  readonly "pipeline.rejections": PipelineRejections;
  readonly "rider.fare_viewed": RiderFareViewed;
  readonly "rider.session": RiderSession;
  readonly "safety.sos": SafetySos;
  readonly "trip": Trip;
  readonly "trip.accepted": TripAccepted;
  readonly "trip.cancelled": TripCancelled;
  readonly "trip.completed": TripCompleted;
  readonly "trip.driver_arrived": TripDriverArrived;
  readonly "trip.rated": TripRated;
  readonly "trip.requested": TripRequested;
  readonly "trip.started": TripStarted;
  readonly "vehicle.profile": VehicleProfile;
};

/** The data of an event with what the stream processor added, by its type. */
export type EnrichedEventData = {
  readonly "driver.location": DriverLocation & EnrichmentFields;
  readonly "trip.accepted": TripAccepted & EnrichmentFields;
  readonly "trip.cancelled": TripCancelled & EnrichmentFields;
  readonly "trip.completed": TripCompleted & EnrichmentFields;
  readonly "trip.driver_arrived": TripDriverArrived & EnrichmentFields;
  readonly "trip.rated": TripRated & EnrichmentFields;
  readonly "trip.requested": TripRequested & EnrichmentFields;
  readonly "trip.started": TripStarted & EnrichmentFields;
};

/** Data as it is read from a record: every field is there, those left out with their defaults, times in milliseconds. */
export type Stored<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };
