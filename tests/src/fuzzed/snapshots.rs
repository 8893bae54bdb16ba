//! The bytes of a snapshot, whatever they are: as a file, and with every checksum and hash made right, so that the state
//! and the view behind them are reached.
//!
//! What is loaded has been believed whole: it is saved again byte for byte, its counts add up, and it goes on; what is not is an
//! error that says what is wrong. The first byte says what the rest is.

use super::commands;
use super::scratch;
use engine::centre::Centre;
use engine::command::{Actor, Command, Envelope, Opening};
use engine::id::{ObjectHash, Sequence};
use engine::journal::Snapshots;
use engine::journal::snapshot::PARTS;
use engine::view::View;
use std::path::Path;

/// The rest is a state.
pub const STATE: u8 = 0;
/// The rest is a view.
pub const VIEW: u8 = 1;
/// The rest is a file.
pub const FILE: u8 = 2;
/// The rest is a file whose checksum and hashes are made right.
pub const SEALED: u8 = 3;

const BLOCK: usize = 512;
/// The most that a centre is tried with.
const ROOM_MAX: u32 = 1_024;
const PARTS_AT: usize = 128;
const CHECKSUM_AT: usize = BLOCK - 4;

/// Whatever the bytes are: no panic, and nothing is believed that is not what it says.
pub fn check(data: &[u8]) {
    let Some((&what, bytes)) = data.split_first() else {
        return;
    };
    match what % 4 {
        STATE => load_state(bytes),
        VIEW => load_view(bytes),
        FILE => load_file(bytes),
        _ => {
            let mut bytes = bytes.to_vec();
            seal(&mut bytes);
            load_file(&bytes);
        }
    }
}

fn load_state(bytes: &[u8]) {
    // A centre reserves all that it says it may hold: what is too large to try is not tried.
    let opening = postcard::take_from_bytes::<Option<Opening>>(bytes);
    let Ok((Some(Opening { capacities, .. }), _)) = opening else {
        assert!(Centre::load(bytes, Vec::new()).is_err());
        return;
    };
    let rooms = [
        capacities.units_max,
        capacities.incidents_max,
        capacities.orders_max,
        capacities.calls_max,
    ];
    if rooms.iter().any(|&room| room > ROOM_MAX) {
        return;
    }
    let Ok(mut centre) = Centre::load(bytes, commands::prepared()) else {
        return;
    };
    let mut again = Vec::new();
    centre.save(&mut again);
    assert_eq!(again, bytes, "what was loaded is saved otherwise");
    assert_eq!(centre.inspect().hash, ObjectHash::of(bytes));
    let at = centre.now();
    for _ in 0..16 {
        let due = centre.next_due().map_or(at, |due| due.max(at));
        let envelope = Envelope {
            actor: Actor::System,
            command: Command::Tick,
        };
        let sequence = centre.sequence();
        centre.apply(due, &envelope, &mut Vec::new());
        assert_eq!(centre.sequence(), sequence.next());
    }
}

fn load_view(bytes: &[u8]) {
    if let Ok(view) = View::load(bytes) {
        let mut again = Vec::new();
        view.save(&mut again);
        assert!(View::load(&again).is_ok_and(|loaded| loaded == view));
    }
}

fn load_file(bytes: &[u8]) {
    let folder = scratch::folder();
    let sequence = Sequence(number(bytes, 24));
    put(folder.path(), sequence, bytes);
    let snapshots = Snapshots::of(folder.path());
    for listed in snapshots.list().expect("a folder in memory") {
        let Ok(snapshot) = snapshots.read(listed) else {
            continue;
        };
        assert_eq!(snapshot.header.sequence(), listed, "it goes by its name");
        let [_, state, seen] = &snapshot.parts;
        load_state(state);
        load_view(seen);
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    let field = bytes
        .get(at..at + 8)
        .and_then(|field| field.try_into().ok());
    field.map_or(0, u64::from_le_bytes)
}

fn put(folder: &Path, sequence: Sequence, bytes: &[u8]) {
    let within = folder.join("snapshots");
    std::fs::create_dir_all(&within).expect("a folder in memory");
    let name = format!("{:016x}.snapshot", sequence.0);
    std::fs::write(within.join(name), bytes).expect("a file in memory");
}

/// Makes the checksum, the lengths and the hashes of a file right, whatever its parts are.
fn seal(bytes: &mut Vec<u8>) {
    if bytes.len() < BLOCK {
        bytes.resize(BLOCK, 0);
    }
    bytes[..8].copy_from_slice(b"\xFFLDSNAPS");
    bytes[8..10].copy_from_slice(&1u16.to_le_bytes());
    let mut left = bytes.len() - BLOCK;
    let mut from = BLOCK;
    for part in 0..PARTS {
        let at = PARTS_AT + part * 40;
        let length = match part + 1 == PARTS {
            true => left,
            false => left.min(number(bytes, at) as usize),
        };
        let hash = *blake3::hash(&bytes[from..from + length]).as_bytes();
        bytes[at..at + 8].copy_from_slice(&(length as u64).to_le_bytes());
        bytes[at + 8..at + 40].copy_from_slice(&hash);
        (from, left) = (from + length, left - length);
    }
    bytes[PARTS_AT + PARTS * 40..CHECKSUM_AT].fill(0);
    let checksum = crc32c::crc32c(&bytes[..CHECKSUM_AT]);
    bytes[CHECKSUM_AT..BLOCK].copy_from_slice(&checksum.to_le_bytes());
}

/// States and views as they are saved, and files of them.
pub fn good(data: &[u8]) -> Vec<Vec<u8>> {
    let (state, view) = commands::saved(data);
    let mut file = vec![SEALED];
    file.resize(1 + BLOCK, 0);
    // Centre 7, a record number, a segment that begins with 1 and is 4 KiB long.
    let mut put =
        |at: usize, field: &[u8]| file[1 + at..1 + at + field.len()].copy_from_slice(field);
    put(10, &7u16.to_le_bytes());
    put(16, &1u64.to_le_bytes());
    put(24, &40u64.to_le_bytes());
    put(72, &1u64.to_le_bytes());
    put(80, &4_096u64.to_le_bytes());
    put(88, &1_024u64.to_le_bytes());
    put(PARTS_AT + 40, &(state.len() as u64).to_le_bytes());
    file.extend_from_slice(&state);
    file.extend_from_slice(&view);
    let tagged = |tag: u8, bytes: &[u8]| [&[tag], bytes].concat();
    let mut plain = file[1..].to_vec();
    seal(&mut plain);
    vec![
        tagged(STATE, &state),
        tagged(VIEW, &view),
        file,
        tagged(FILE, &plain),
    ]
}
