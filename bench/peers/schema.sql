-- The units of the city. One that is taken has the key of its call; taking and releasing changes no column of an index, and a
-- page has room for the new row (a heap-only update), so that no index grows.
CREATE EXTENSION IF NOT EXISTS postgis;
DROP TABLE IF EXISTS unit;
CREATE TABLE unit (
    number int NOT NULL,
    skill smallint,
    place geometry(Point) NOT NULL,
    call_key bigint
) WITH (fillfactor = 40);
