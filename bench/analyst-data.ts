import type { Queryable } from "../store/index.ts";

/** The days of the made-up events: the thirty before today. */
export const seededDays = 30;

/**
 * Fills the event tables with `rows` events of each kind that docs/questions.md asks about, spread over thirty days and three cities; every thirtieth trip is told
 * twice. The values depend on the number of the row alone, so two databases get the same. `db` is the owner's.
 */
export async function seedEvents(db: Queryable, rows: number, say: (line: string) => void = () => undefined) {
  await db.execute("set timezone = 'UTC'").catch(() => 0);
  for (const [table, sql] of Object.entries(seeds)) {
    const days = `select pipeline.ensure_day_partition('${table}', (current_date - n)::date) from generate_series(0, ${seededDays + 1}) n`;
    await db.query(days);
    const stored = await db.execute(sql.replaceAll(":rows", String(rows)));
    await db.execute(`analyze events.${table}`);
    say(`${table}: ${stored.toLocaleString("en-US")} rows`);
  }
}

/** When the `i`-th of :rows happened, evenly over the days. */
const at = `((current_date - ${seededDays})::timestamp at time zone 'UTC' + i * (interval '${seededDays} days' / :rows))`;
const city = "(array['cty_nyc', 'cty_chi', 'cty_sfo'])[1 + i % 3]";
const series = "generate_series(0, :rows - 1) as i";
const noise = (modulus: number, factor = 7_919) => `(i::bigint * ${factor} % ${modulus})`;

const seeds: Readonly<Record<string, string>> = {
  city: `
    insert into events.city (event_id, occurred_at, received_at, schema_id, city_id, name, country, currency, timezone, boundary)
    select 'city-' || v || id, now() - interval '40 days' + v * interval '1 day', now(), 1, id, case v when 1 then name else 'Old ' || name end, 'US', 'USD', zone, '[]'
    from (values ('cty_nyc', 'New York', 'America/New_York'), ('cty_chi', 'Chicago', 'America/Chicago'), ('cty_sfo', 'San Francisco', 'America/Los_Angeles')) c(id, name, zone),
      generate_series(0, 1) v`,
  driver_profile: `
    insert into events.driver_profile (event_id, occurred_at, received_at, subject, schema_id, driver_id, name, rating, vehicle_id, home_city_id, active)
    select 'profile-' || v || '-' || i, now() - interval '40 days' + v * interval '1 day', now(), 'drv_' || i, 1, 'drv_' || i, 'Driver ' || i,
      4 + i % 10 / 10.0, 'veh_' || (i + v), ${city}, v = 1 and i % 20 <> 0
    from generate_series(0, least(5000, :rows / 40) - 1) i, generate_series(0, 1) v`,
  vehicle_profile: `
    insert into events.vehicle_profile (event_id, occurred_at, received_at, subject, schema_id, vehicle_id, vehicle_class, make, capacity, plate)
    select 'vehicle-' || i, now() - interval '40 days', now(), 'veh_' || i, 1, 'veh_' || i, (array['standard', 'large', 'shared'])[1 + i % 7 % 3], 'Make', 4, 'PLATE ' || i
    from generate_series(0, least(5000, :rows / 40)) i`,
  trip: `
    insert into events.trip (event_id, occurred_at, received_at, source, subject, schema_id, trip_id, revision, status, missing, rider_id, driver_id, vehicle_id, city_id,
      requested_at, accepted_at, driver_arrived_at, started_at, completed_at, cancelled_at, ended_at, waiting_seconds, pickup_seconds, travel_seconds,
      distance, fare_amount, fare_currency, pickup_cell, dropoff_cell, cancelled_by, cancel_reason, rider_rating, stored_and_forwarded, path_positions, route_cells)
    select 'trip-' || revision || '-' || i, ${at}, ${at} + interval '1 minute', '/hailstream/trips', 'trp_' || i, 1, 'trp_' || i, revision, status, '[]',
      'rdr_' || ${noise(50_000)}, 'drv_' || driver, 'veh_' || driver, ${city},
      ${at} - interval '30 minutes', ${at} - interval '29 minutes', ${at} - interval '22 minutes', ${at} - make_interval(mins => 20),
      case status when 'completed' then ${at} end, case status when 'cancelled' then ${at} end, ${at},
      case status when 'completed' then 60 + ${noise(1_200)} end, 420, 1200, case status when 'completed' then 1000 + ${noise(20_000)} end,
      case status when 'completed' then 500 + ${noise(6_000)} end, case status when 'completed' then 'USD' end, '882a100d65fffff', '882a100d67fffff',
      case status when 'cancelled' then (array['rider', 'driver', 'system'])[1 + i % 5 % 3] end, case status when 'cancelled' then (array['changed_plans', 'no_show'])[1 + i % 2] end,
      case when revision = 2 then 1 + i % 5 end, false, 20, '["882a100d65fffff", "882a100d67fffff"]'
    from (select i, (i * 31::bigint % least(5000, :rows / 40)) as driver, case when i % 100 = 99 then 'stuck' when i % 8 = 7 then 'cancelled' else 'completed' end as status from ${series}) s,
      generate_series(1, case when i % 30 = 0 then 2 else 1 end) revision`,
  driver_location: `
    insert into events.driver_location (event_id, occurred_at, received_at, source, subject, schema_id, driver_id, latitude, longitude, heading_degrees, speed, accuracy, trip_id,
      vehicle_id, city_id, h3_cell, driver_rating, enriched_vehicle_id, vehicle_class, vehicle_capacity, enrichment_missing, enrichment_revision)
    select '0198f000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), ${at}, ${at}, '/apps/driver/ios/6.1.2', 'drv_' || i % least(5000, :rows / 40), 1, 'drv_' || i % least(5000, :rows / 40), 40.7, -73.9, i % 360,
      ${noise(250)} / 10.0, 5.5, case when i % 3 > 0 then 'trp_' || i / 60 end, 'veh_' || i % least(5000, :rows / 40), ${city}, '882a100d65fffff', 4.8, 'veh_' || i % least(5000, :rows / 40), 'standard', 4, '[]', 0
    from ${series}`,
  marketplace_minute: `
    insert into events.marketplace_minute (event_id, occurred_at, received_at, source, subject, schema_id, city_id, h3_cell, resolution, revision, final, open_drivers, requests, completed,
      cancelled, unmet_demand, pickups, median_pickup_seconds, surge_multiplier)
    select 'minute-' || i, date_trunc('minute', ${at}), ${at}, '/hailstream/marketplace', ${city} || i, 1, ${city}, case when i % 50 > 2 then '8' || lpad(to_hex(i % 50), 14, 'f') end,
      case when i % 50 > 2 then 7 + i % 50 % 2 end, 1, true, ${noise(9)}, ${noise(7, 104_729)}, 1, 0, case when i % 9 = 0 then ${noise(5)} else 0 end, 1, 300, 1 + ${noise(20)} / 10.0
    from ${series}`,
  payment_failed: `
    insert into events.payment_failed (event_id, occurred_at, received_at, source, subject, schema_id, payment_id, trip_id, rider_id, amount, currency, method, failure_code, attempt)
    select 'payment-' || i, ${at}, ${at}, '/apps/rider/ios/5.0.0', 'rdr_' || i % 900, 1, 'pay_' || i / 2, 'trp_' || i / 2, 'rdr_' || i % 900, 700 + ${noise(3_000)}, 'USD',
      (array['card', 'wallet', 'invoice'])[1 + i / 2 % 3], (array['card_declined', 'expired_card', 'provider_unavailable', 'insufficient_funds'])[1 + i / 7 % 4], 1 + i % 2
    from ${series}`,
  app_error: `
    insert into events.app_error (event_id, occurred_at, received_at, source, subject, schema_id, session_id, app, app_version, platform, os_version, device_model, error_type, message, stack, fatal, user_id)
    select 'error-' || i, ${at}, ${at}, '/apps/rider/ios/5.0.0', 'ses_' || i, 1, 'ses_' || i, 'rider', '6.' || i % 4 || '.0', (array['ios', 'android'])[1 + i % 2], '18', 'Phone', 'E' || i % 40,
      'it failed for rdr_' || i, '["at pay (pay.ts)", "at main (main.ts)"]', i % (7 + i % 4) = 0, 'rdr_' || i % 900
    from ${series}`,
  rider_session: `
    insert into events.rider_session (event_id, occurred_at, received_at, source, subject, schema_id, rider_id, session_id, latitude, longitude, app_version, platform)
    select 'session-' || i, ${at}, ${at}, '/apps/rider/ios/5.0.0', 'rdr_' || i % 900, 1, 'rdr_' || i % 900, 'ses_' || i, 40.7, -73.9, '6.' || ${noise(4, 3)} || '.0', (array['ios', 'android'])[1 + i % 2]
    from ${series}`,
  driver_hour: `
    insert into events.driver_hour (event_id, occurred_at, received_at, source, subject, schema_id, driver_id, hour, revision, city_id, online_seconds, open_seconds, dispatched_seconds,
      on_trip_seconds, utilisation, silent_seconds, unknown_seconds)
    select 'hour-' || i, date_trunc('hour', ${at}), ${at}, '/hailstream/drivers', 'drv_' || driver || '/' || i, 1, 'drv_' || driver, date_trunc('hour', ${at}), 1, ${city},
      3600, 3600 - 600 - busy, 600, busy, (600 + busy) / 3600.0, 0, 0
    from (select i, (i * 31::bigint % least(5000, :rows / 40)) as driver, ${noise(3_000)} as busy from ${series}) s`,
  alert: `
    insert into events.alert (event_id, occurred_at, received_at, source, subject, schema_id, alert_id, alert_key, rule, severity, summary, status, event_type, started_at, labels)
    select 'alert-' || i, at, at, '/hailstream/alerts', 'safety-sos/sos_' || i, 1, 'alr_' || i, 'safety-sos/sos_' || i, 'safety-sos', 'critical', 'The rider rdr_' || i || ' pressed it.', 'firing',
      'safety.sos', at, '{"person_id": "rdr_1"}'
    from (select i, ${at} + i % 24 * interval '1 hour' as at from ${series} where i % 100 = 0) s`,
};
