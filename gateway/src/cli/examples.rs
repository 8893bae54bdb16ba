//! What stands under the help of each command: examples that can be typed as they are, and the exit codes.
//!
//! A test parses every example line, so none of them can go stale.

/// Under the help of the program itself.
pub const PROGRAM: &str = "\
Examples:
  liandong serve                                  a centre on the embedded city, on this machine alone
  liandong config default > liandong.toml         the commented configuration, to be changed
  liandong serve --config liandong.toml
  liandong explain liandong-data 1.12             why this unit, and why not the nearer ones

Results go to stdout, logs and mistakes to stderr.
Exit codes: 0 good; 1 something went wrong, and stderr says what, where and what to do; 2 the command line was wrong.
Manual pages: `liandong man DIR`; completions: `liandong completions bash`.";

/// Under `serve`.
pub const SERVE: &str = "\
Examples:
  liandong serve
  liandong serve --config liandong.toml --data /var/lib/liandong
  liandong serve --clock driven --data run-1      a centre for a replay: time moves only when one client moves it
  liandong serve --log-format json

The log goes to stderr; its level is `log.level`, or the variable RUST_LOG over it. A caller's number, words and exact
place are masked in it unless `log.caller_data` says otherwise. SIGTERM and SIGINT stop in order.
Exit codes: 0 stopped in order; 1 could not start, or the centre failed; 2 the command line was wrong.";

/// Under `check`.
pub const CHECK: &str = "\
Examples:
  liandong check --config liandong.toml

Exit codes: 0 it can be served; 1 it has mistakes, each named by file, line and field; 2 the command line was wrong.";

/// Under `city generate`.
pub const CITY_GENERATE: &str = "\
Examples:
  liandong city generate xianju --seed 1
  liandong city generate large --seed 7 --units 10000

Writes seven tables, `liandong city columns` says what every column of them holds, and the map of the county's roads, city.roads.
Exit codes: 0 written; 1 it cannot be, or the folder holds another city: the files that differ are named, and nothing is
changed (--force overwrites them); 2 the command line was wrong.";

/// Under `city import`.
pub const CITY_IMPORT: &str = "\
Examples:
  liandong city import xianju --name 仙居 --posts posts.csv --units units.csv
  liandong city import xianju --name 仙居 --posts p.csv --units u.csv --districts d.csv --shapes polygons.csv
  liandong city import xianju --name 仙居 --posts p.csv --units u.csv --nodes nodes.csv --edges edges.csv --attribution me

Each table has the columns of the file that it becomes: `liandong city columns`. Columns may be in any order; optional ones
may be missing; a column `note` is passed over; any datum will do. Without districts, one covers everything and 20 km around.
Exit codes: 0 written; 1 the tables have mistakes, each named by file, row and field, or the folder holds another city
(--force overwrites it), and nothing is changed; 2 the command line was wrong.";

/// Under `city columns`.
pub const CITY_COLUMNS: &str = "\
Examples:
  liandong city columns
  liandong city columns > columns.md";

/// Under `city check`.
pub const CITY_CHECK: &str = "\
Examples:
  liandong city check xianju

Exit codes: 0 it can be served; 1 it has mistakes, each named by file, row and field; 2 the command line was wrong.";

/// Under `roads build`.
pub const ROADS_BUILD: &str = "\
Examples:
  liandong roads build xianju.osm.pbf -o xianju.roads
  liandong roads build xianju.osm.pbf --speeds speeds.toml -o xianju.roads
  liandong roads build --nodes nodes.csv --edges edges.csv -o xianju.roads
  liandong roads build --nodes nodes.csv --edges edges.csv --attribution me -o xianju.roads

Seconds become whole milliseconds, half up. What is read, dropped and repaired goes to stdout, each with its count and the
first places; progress, time and memory to stderr. A map made from OpenStreetMap shows © OpenStreetMap contributors.
Exit codes: 0 written; 1 the input is not what it should be, by byte, or by row and column, and nothing is written;
2 the command line was wrong.";

/// Under `roads speeds`.
pub const ROADS_SPEEDS: &str = "\
Examples:
  liandong roads speeds > speeds.toml

Exit codes: 0 printed; 1 it cannot be; 2 the command line was wrong.";

/// Under `roads table`.
pub const ROADS_TABLE: &str = "\
Examples:
  liandong roads table xianju.roads --from stations.csv --to calls.csv > times.csv
  liandong roads table xianju.roads --from stations.csv --to calls.csv --profile normal --far 200

In:  lat,lon in degrees (WGS-84), with a header; columns of other names are passed over
Out: from,to,seconds,metres: rows of the tables from 0; empty where there is no way, or a place is far from any road (stderr
     counts both, and names such places with the walk)
Exit codes: 0 printed; 1 the map or a row is not what it should be, and it is named; 2 the command line was wrong.";

/// Under `roads nearest`.
pub const ROADS_NEAREST: &str = "\
Examples:
  liandong roads nearest xianju.roads --units units.csv --to calls.csv
  liandong roads nearest xianju.roads --units units.csv --to calls.csv --k 3 --profile normal

In:  id,lat,lon and lat,lon in degrees (WGS-84), with headers
Out: to,rank,unit,seconds,metres: rank 1 is there first, of equal ones the one that stands first; empty where nobody can come
Exit codes: 0 printed; 1 the map or a row is not what it should be, and it is named; 2 the command line was wrong.";

/// Under `classify`.
pub const CLASSIFY: &str = "\
Examples:
  liandong classify < calls.jsonl > verdicts.jsonl
  liandong classify --explain < calls.jsonl
  liandong classify --lexicon lexicon.toml < calls.jsonl

In:  {\"line\":\"119\",\"text\":\"居民楼着火了\"}   other fields pass through
Out: the same with kind, agencies, priority, nature, category, confidence, evidence and human
Exit codes: 0 every line was classified; 1 a line was no JSON object (its place in the output says which).";

/// Under `classify evaluate`.
pub const CLASSIFY_EVALUATE: &str = "\
Examples:
  liandong classify evaluate labelled.jsonl
  liandong classify evaluate labelled.jsonl --lexicon lexicon.toml

In:  {\"id\":\"a1\",\"line\":\"119\",\"text\":\"居民楼着火了\",\"kind\":\"structure_fire\",\"agencies\":[\"fire\"],\"priority\":1,\"nature\":\"emergency\"}
Exit codes: 0 printed; 1 a row is not what it should be, and it is named.";

/// Under `classify train`.
pub const CLASSIFY_TRAIN: &str = "\
Examples:
  liandong classify train a.jsonl b.jsonl --lexicon lexicon.toml --model model.bin
  liandong classify train a.jsonl b.jsonl --lexicon lexicon.toml --model model.bin --check

Exit codes: 0 written, or with --check the same; 1 a row is not what it should be, or the model is another.";

/// Under `journal verify`.
pub const JOURNAL_VERIFY: &str = "\
Examples:
  liandong journal verify liandong-data

Exit codes: 0 sound; 1 not sound: the place of the damage is printed, and nothing is changed.";

/// Under `journal export`.
pub const JOURNAL_EXPORT: &str = "\
Examples:
  liandong journal export liandong-data > journal.jsonl
  liandong journal export liandong-data --objects objects --from 1000 --to 2000";

/// Under `journal replay`.
pub const JOURNAL_REPLAY: &str = "\
Examples:
  liandong journal replay liandong-data

Exit codes: 0 every command caused the events that are written; 1 one did not, and the first is named.";

/// Under `journal backup`.
pub const JOURNAL_BACKUP: &str = "\
Examples:
  liandong journal backup liandong-data /backup/2026-11-21

It holds what callers said: keep it as you keep the journal. The certificate is not in it.
Exit codes: 0 the copy is there and sound; 1 it is not, and stderr says why; 2 the command line was wrong.";

/// Under `journal restore`.
pub const JOURNAL_RESTORE: &str = "\
Examples:
  liandong journal restore /backup/2026-11-21 liandong-data

Exit codes: 0 the journal is there and sound; 1 it is not, and stderr says why; 2 the command line was wrong.";

/// Under `journal hash`.
pub const JOURNAL_HASH: &str = "\
Examples:
  liandong journal hash liandong-data
  liandong journal hash liandong-data --at 40214";

/// Under `explain`.
pub const EXPLAIN: &str = "\
Examples:
  liandong explain liandong-data 1.12
  liandong explain liandong-data 1.12 --lang en
  liandong explain liandong-data 1.12 --json

An order's id is centre.number; the journal is read up to the order and no further, so the answer stays the same whatever
happens later. `state` in the JSON: chosen, busy, off, unstaffed, silent, understrength, declined, farther, and `free`
for one that a person passed over.
Exit codes: 0 explained; 1 no such order (the range that the journal holds is named) or no journal; 2 not an id.";

/// Under `report`.
pub const REPORT: &str = "\
Examples:
  liandong report liandong-data --day 2026-11-21
  liandong report liandong-data --day 2026-11-21 --units --lang en
  liandong report liandong-data --day 2026-11-21 --csv > day.csv

A day is the city's own. An order belongs to the day it was issued on; what came of it later counts as far as the journal
goes. A day on which nothing happened is no mistake.
Exit codes: 0 counted; 1 no journal, or one that is damaged: what could be read is printed all the same, and says where it
ends; 2 the command line was wrong.";

/// Under `board`.
pub const BOARD: &str = "\
Examples:
  liandong board liandong-data
  liandong board liandong-data --lang en > board.txt

No line is wider than 96 columns (A4 upright; a Chinese character takes two). Print it every quarter of an hour, and there is
paper to go by when the system is down.
Exit codes: 0 printed; 1 no journal, or one that is damaged: what could be read is printed all the same, and the board says at
its top and at its end what is missing.";

/// Under `config default`.
pub const CONFIG_DEFAULT: &str = "\
Examples:
  liandong config default > liandong.toml";

/// Under `man`.
pub const MAN: &str = "\
Examples:
  liandong man man1                               a page for each command, into the folder man1
  liandong man                                    the page of the program, to stdout";

/// Under `completions`.
pub const COMPLETIONS: &str = "\
Examples:
  liandong completions bash > /etc/bash_completion.d/liandong
  liandong completions zsh";
