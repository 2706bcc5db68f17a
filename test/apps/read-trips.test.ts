import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { greenHeader, greenRow, rowsOf, tripFiles } from "./fixtures.ts";

const tripFile = tripFiles();

describe("column names of all years with coordinates", () => {
  const dialects = {
    "green 2015": [greenHeader, "2,2015-06-01 12:00:00,2015-06-01 12:10:00,Y,-73.95,40.7,-73.93,40.72,2,2.0,12.5"],
    "green 2013, with a blank line and a comma too many": [
      "VendorID,lpep_pickup_datetime,Lpep_dropoff_datetime,Store_and_fwd_flag,RateCodeID,Pickup_longitude,Pickup_latitude,Dropoff_longitude,Dropoff_latitude,Passenger_count,Trip_distance,Fare_amount,Total_amount",
      "",
      "2,2015-06-01 12:00:00,2015-06-01 12:10:00,Y,1,-73.95,40.7,-73.93,40.72,2,2.0,10,12.5,,",
    ],
    "yellow 2009": [
      "vendor_name,Trip_Pickup_DateTime,Trip_Dropoff_DateTime,Passenger_Count,Trip_Distance,Start_Lon,Start_Lat,Rate_Code,store_and_forward,End_Lon,End_Lat,Payment_Type,Fare_Amt,Total_Amt",
      "VTS,2015-06-01 12:00:00,2015-06-01 12:10:00,2,2.0,-73.95,40.7,,1,-73.93,40.72,CASH,10,12.5",
    ],
    "yellow 2010, with blanks after the commas": [
      "vendor_id, pickup_datetime, dropoff_datetime, passenger_count, trip_distance, pickup_longitude, pickup_latitude, rate_code, store_and_fwd_flag, dropoff_longitude, dropoff_latitude, payment_type, fare_amount, total_amount",
      "CMT,2015-06-01 12:00:00,2015-06-01 12:10:00,2,2.0,-73.95,40.7,1,Y,-73.93,40.72,CRD,10,12.5",
    ],
    "yellow 2015": [
      "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,pickup_longitude,pickup_latitude,RateCodeID,store_and_fwd_flag,dropoff_longitude,dropoff_latitude,total_amount",
      "1,2015-06-01 12:00:00,2015-06-01 12:10:00,2,2.0,-73.95,40.7,1,Y,-73.93,40.72,12.5",
    ],
  };
  test.each(Object.entries(dialects))("%s", async (_name, lines) => {
    const rows = await rowsOf(tripFile(lines));
    expect(rows).toHaveLength(1);
    expect(rows[0]?.problems).toEqual([]);
    expect(rows[0]?.trip).toMatchObject({
      // New York keeps summer time in June: 12:00 there is 16:00 UTC.
      pickupMs: Date.UTC(2015, 5, 1, 16),
      dropoffMs: Date.UTC(2015, 5, 1, 16, 10),
      pickup: { latitude: 40.7, longitude: -73.95 },
      dropoff: { latitude: 40.72, longitude: -73.93 },
      storedAndForwarded: true,
      passengerCount: 2,
      distanceMetres: 3_218.7,
      fareCents: 1_250,
    });
  });

  test("pickup time and position are enough", async () => {
    const [row] = await rowsOf(
      tripFile(["pickup_datetime,pickup_longitude,pickup_latitude", "2015-01-01 00:00:00,-73.95,40.7"]),
    );
    expect(row?.trip).toEqual({
      uuid: expect.any(String),
      pickupMs: Date.UTC(2015, 0, 1, 5),
      pickup: { latitude: 40.7, longitude: -73.95 },
      storedAndForwarded: false,
    });
  });

  test("a file without coordinates is refused and the message says which column is missing", async () => {
    const file = tripFile(["VendorID,lpep_pickup_datetime,PULocationID", "2,2017-01-01 00:00:00,74"]);
    await expect(rowsOf(file)).rejects.toMatchObject({
      code: "replay_file_unreadable",
      message: expect.stringMatching(/pickup_longitude or start_lon.*July 2016/s),
    });
  });

  test("a missing and an empty file are refused", async () => {
    await expect(rowsOf("/nowhere/trips.csv")).rejects.toMatchObject({ code: "replay_file_unreadable" });
    const file = tripFile([]);
    writeFileSync(file, "");
    await expect(rowsOf(file)).rejects.toMatchObject({ code: "replay_file_unreadable" });
  });

  test("a compressed file gives the same trips", async () => {
    const lines = [greenHeader, greenRow({ pickup: "2015-01-01 00:00:00", dropoff: "2015-01-01 00:10:00" })];
    const packed = tripFile([], "trips.csv.gz");
    writeFileSync(packed, gzipSync(`${lines.join("\n")}\n`));
    expect(await rowsOf(packed)).toEqual(await rowsOf(tripFile(lines)));
  });
});

describe("dirty rows", () => {
  test("each row is there with its line, played or with the reason why not", async () => {
    const rows = await rowsOf(
      tripFile([
        greenHeader,
        greenRow({ pickup: "2015-01-01 10:00:00", dropoff: "2015-01-01 10:10:00" }),
        greenRow({ pickup: "yesterday", dropoff: "2015-01-01 10:10:00" }),
        greenRow({ pickup: "2015-02-30 10:00:00" }),
        greenRow({ pickup: "2015-01-01 10:00:00", dropoff: "2015-01-01 10:10:00", longitude: 0 }),
        greenRow({ pickup: "2015-01-01 10:00:00", dropoff: "2015-01-01 09:50:00" }),
        greenRow({ pickup: "2015-01-01 10:00:00", dropoff: "soon" }),
        "2",
        "2,2015-01-01 10:00:00,2015-01-01 10:10:00,N,-73.95,40.7,0,0,1,1,1",
        "2,2015-01-01 10:00:00,2015-01-01 10:10:00,N,-73.95,40.7,-73.94,40.7,-4,1,1e300",
        "2,2015-01-01 10:00:00,2015-01-01 10:10:00,N,-73.95,40.7,-73.94,40.7,0,-1,-7.5",
      ]),
    );
    expect(rows.map(({ line, trip, problems }) => [line, trip !== undefined, ...problems])).toEqual([
      [2, true],
      [3, false, "pickup_time_unreadable"],
      [4, false, "pickup_time_unreadable"],
      [5, false, "pickup_position_missing"],
      [6, true, "dropoff_before_pickup"],
      [7, true, "dropoff_time_unreadable"],
      [8, false, "row_malformed"],
      [9, true, "dropoff_position_missing"],
      [10, true, "passenger_count_impossible", "amount_impossible"],
      [11, true],
    ]);
    expect(rows[4]?.trip).not.toHaveProperty("dropoffMs");
  });
});

describe("ids", () => {
  test("come from the row's text, and identical rows are trips of their own", async () => {
    const same = greenRow({ pickup: "2015-01-01 10:00:00", dropoff: "2015-01-01 10:10:00" });
    const other = greenRow({ pickup: "2015-01-01 10:00:01", dropoff: "2015-01-01 10:10:00" });
    const ids = async (lines: string[]) => (await rowsOf(tripFile(lines))).map((row) => row.trip?.uuid);
    const [first, second, third] = await ids([greenHeader, same, other, same]);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(await ids([greenHeader, other, same, same])).toEqual([second, first, third]);
  });
});

test("limit counts rows of the file", async () => {
  const row = greenRow({ pickup: "2015-01-01 10:00:00" });
  expect(await rowsOf(tripFile([greenHeader, row, row, row]), "America/New_York", 2)).toHaveLength(2);
});
