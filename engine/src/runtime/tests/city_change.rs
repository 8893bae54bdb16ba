//! Another city at the next start: who and what is another, gone or back, and a start that was cut off in its middle.
//!
//! A start that was cut off is made from a whole one: the first so many records of its journal, in a folder of their own.

use super::*;
use crate::command::{ObjectKind, UnitDuty};
use crate::id::{ObjectHash, Sequence};
use crate::journal::batch::Batch;
use crate::journal::log::{Log, Sealed};
use crate::journal::{Objects, Reader};
use crate::name::Name;
use crate::record::Record;
use crate::unit::{Duty, UnitDefinition};

/// The embedded city in another year: every third turnout is slower, every tenth unit gone, one is new, a hospital larger,
/// another gone.
fn another(city: &City) -> City {
    let mut other = city.clone();
    let mut kept = 0;
    other.units.retain(|_| {
        kept += 1;
        kept % 10 != 0
    });
    for row in other.units.iter_mut().step_by(3) {
        row.turnout_ms += 1_000;
    }
    other.hospitals[0].beds += 1;
    other.hospitals.pop();
    let mut new = other.units.last().unwrap().clone();
    new.name = Name::new(&format!("{}, new", new.name)).unwrap();
    other.units.push(new);
    other
}

fn hash_of(city: &City) -> ObjectHash {
    ObjectHash::of(&city.canonical_bytes().unwrap())
}

/// Starts a centre with a city and stops it; gives the last record.
fn start_with(folder: &Path, city: &City) -> Sequence {
    let mut setup = setup(folder, ClockMode::Driven);
    setup.city = Arc::new(city.clone());
    let running = start(setup, Box::new(Sink::default())).unwrap();
    let last = running.durable();
    running.stop().unwrap();
    last
}

fn centre_of(folder: &Path) -> crate::centre::Centre {
    let replay = Replay::new(folder).unwrap();
    replay.run(Sequence(u64::MAX)).unwrap()
}

/// Panics unless the centre is as its city says.
fn assert_is(folder: &Path, city: &City) {
    let centre = centre_of(folder);
    assert_eq!(centre.in_force(ObjectKind::City), Some(hash_of(city)));
    for row in &city.units {
        let (_, unit) = centre.unit_named(&row.name).expect("a unit of the city");
        assert_eq!(unit.definition, UnitDefinition::from(row));
        assert_ne!(unit.duty, Duty::Off, "{}", row.name);
    }
    for hospital in &city.hospitals {
        let known = centre.hospital_named(&hospital.name);
        let expected = Some((hospital.beds, true));
        assert_eq!(known.map(|known| (known.beds, known.open)), expected);
    }
    for known in centre.hospitals().filter(|known| known.open) {
        let mut hospitals = city.hospitals.iter();
        assert!(
            hospitals.any(|hospital| hospital.name == known.name),
            "{} is of no city and takes patients",
            known.name
        );
    }
    for (_, unit) in centre.units() {
        let name = unit.definition.name;
        assert!(
            unit.duty == Duty::Off || city.unit(name.as_str()).is_some(),
            "{name} is of no city and can be ordered"
        );
    }
}

/// A journal of the first records of another, as if its writer had been killed there.
fn cut_after(whole: &Path, last: Sequence) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shape = setup(whole, ClockMode::Driven).shape;
    let (mut files, _) = crate::journal::open(folder.path(), CentreId(1), &shape).unwrap();
    let mut reader = Reader::open(whole).unwrap();
    let mut batch = Batch::new(&shape);
    while let Some(read) = reader.next(last).unwrap() {
        let record = Record::decode(read.payload).unwrap();
        if let Command::Activate(activation) = record.envelope.command {
            let object = Objects::of(whole).get(activation.hash).unwrap();
            Objects::of(folder.path()).put(&object).unwrap();
        }
        let chain = files.tail();
        batch.start(chain.next);
        batch.push(record.at, read.payload).unwrap();
        let (header, bytes) = batch.seal(&chain, chain.last());
        let id = header.hash();
        let sealed = Sealed {
            header: &header,
            id,
            bytes,
        };
        files.append(chain.next, sealed).unwrap();
    }
    files.sync().unwrap();
    folder
}

/// Wherever a start is cut off, the next one brings about what that one would have.
#[test]
fn a_start_that_was_cut_off_is_finished_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let city = crate::city::generate(1, None).unwrap();
    let other = another(&city);
    let first = start_with(folder.path(), &city);
    let changed = start_with(folder.path(), &other);
    assert_is(folder.path(), &other);
    assert!(changed.0 > first.0 + 80, "{first} {changed}");
    for last in [1, 3, 4, first.0 / 2] {
        let cut = cut_after(folder.path(), Sequence(last));
        start_with(cut.path(), &city);
        assert_is(cut.path(), &city);
    }
    let steps = (first.0..changed.0).step_by(15);
    for last in steps.chain([changed.0 - 1, changed.0]) {
        let cut = cut_after(folder.path(), Sequence(last));
        start_with(cut.path(), &other);
        assert_is(cut.path(), &other);
    }
}

/// Who is gone with a city is back with it; who was sent off duty by a person stays so.
#[test]
fn who_is_gone_with_a_city_is_back_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let city = crate::city::generate(1, None).unwrap();
    let other = another(&city);
    start_with(folder.path(), &city);
    let (unit, name) = {
        let centre = centre_of(folder.path());
        let (unit, known) = centre.unit_named(&other.units[1].name).unwrap();
        (unit, known.definition.name)
    };
    let running = start(
        setup(folder.path(), ClockMode::Driven),
        Box::new(Sink::default()),
    )
    .unwrap();
    let off = Command::SetDuty(UnitDuty {
        unit,
        duty: Duty::Off,
        strength: None,
    });
    ask(
        &running,
        vec![command(1, Actor::Dispatcher(0), off, Box::default())],
    );
    running.stop().unwrap();
    start_with(folder.path(), &other);
    let last = start_with(folder.path(), &city);
    let centre = centre_of(folder.path());
    assert!(centre.hospitals().all(|hospital| hospital.open));
    let absent: Vec<_> = centre
        .units()
        .filter(|(_, unit)| unit.duty == Duty::Off)
        .map(|(_, unit)| unit.definition.name)
        .collect();
    assert_eq!(absent, [name, other.units.last().unwrap().name]);
    assert_eq!(
        start_with(folder.path(), &city),
        last,
        "the same city again says nothing"
    );
}
