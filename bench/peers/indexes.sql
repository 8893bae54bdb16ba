-- One index of places for each capability, so that the nearest neighbours of one are met in their order.
CREATE UNIQUE INDEX unit_number ON unit (number);
CREATE INDEX unit_patrol ON unit USING gist (place) WHERE skill = 0;
CREATE INDEX unit_ambulance ON unit USING gist (place) WHERE skill = 1;
CREATE INDEX unit_fire_engine ON unit USING gist (place) WHERE skill = 2;
VACUUM ANALYZE unit;
CHECKPOINT;
