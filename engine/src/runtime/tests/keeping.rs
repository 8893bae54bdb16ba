//! The keeper: snapshots that are begun with, journals that are pruned behind them, a disk that fills.

use super::*;
use crate::journal::disk::{Access, Disk, DiskFile, Held, MachineDisk, Space};
use crate::journal::lock::LockError;
use crate::journal::retention::Retention;
use crate::journal::{Objects, Reader, Snapshots, verify};
use crate::moment::{Moment, Span};
use crate::runtime::keeper::Room;
use crate::runtime::stepped::Stepped;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicI64;

const MORNING: i64 = 1_795_226_400_000;
const DAY: i64 = 86_400_000;

/// A disk that says what room there is as it is told to.
#[derive(Debug)]
struct Filling {
    disk: MachineDisk,
    free: Arc<AtomicU64>,
}

impl Disk for Filling {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.disk.make_folder(folder)
    }
    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.disk.names(folder)
    }
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>> {
        if access == Access::Create && self.free.load(Ordering::Relaxed) == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.disk.open(path, access)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }
    fn lock(&self, path: &Path) -> Result<Box<dyn Held>, LockError> {
        self.disk.lock(path)
    }
    fn space(&self, _: &Path) -> io::Result<Space> {
        let free = self.free.load(Ordering::Relaxed);
        Ok(Space {
            free,
            whole: 1 << 40,
        })
    }
}

fn keeping() -> Keeping {
    Keeping {
        snapshot_records: 100,
        snapshot_age: Span::hours(10_000),
        retention: Retention {
            kept: Span::hours(24),
            bytes_max: None,
        },
        ..Keeping::default()
    }
}

struct World {
    folder: tempfile::TempDir,
    wall: Arc<AtomicI64>,
    free: Arc<AtomicU64>,
    sink: Sink,
    calls: u64,
}

impl World {
    fn new() -> World {
        World {
            folder: tempfile::tempdir().unwrap(),
            wall: Arc::new(AtomicI64::new(MORNING)),
            free: Arc::new(AtomicU64::new(1 << 39)),
            sink: Sink::default(),
            calls: 0,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn try_start(&self) -> Result<Stepped, StartError> {
        let mut setup = setup(&self.path(), ClockMode::Wall);
        let disk = Filling {
            disk: MachineDisk,
            free: Arc::clone(&self.free),
        };
        setup.data = Folder::new(Arc::new(disk), self.path());
        setup.keeping = keeping();
        setup.shape.segment_bytes = 128 << 10;
        let sink = Box::new(self.sink.clone());
        *self.sink.0.lock().unwrap() = View::new();
        Stepped::start(setup, sink, Arc::clone(&self.wall))
    }

    fn start(&self) -> Stepped {
        let mut stepped = self.try_start().unwrap();
        settle(&mut stepped);
        stepped
    }

    /// So many calls, a minute apart, and a look of the keeper.
    fn live(&mut self, stepped: &mut Stepped, calls: u64) -> Vec<Reply> {
        let city = crate::city::generate(1, None).unwrap();
        let mut replies = Vec::new();
        for _ in 0..calls {
            self.wall.fetch_add(60_000, Ordering::Relaxed);
            self.calls += 1;
            replies.extend(say(stepped, call(&city, self.calls)));
        }
        stepped.step_keeper();
        replies
    }

    /// Both lived through the same; nothing was lost on the way.
    fn assert_sound(&self, stepped: &Stepped) {
        let hash = stepped.centre().inspect().hash;
        assert_eq!(
            self.sink.0.lock().unwrap().sequence(),
            stepped.centre().sequence()
        );
        for replay in [
            Replay::new(self.path().as_path()).unwrap(),
            Replay::from_snapshot(self.path().as_path(), Sequence(u64::MAX)).unwrap(),
        ] {
            let replayed = replay.run(Sequence(u64::MAX)).unwrap();
            assert_eq!(replayed.inspect().hash, hash);
        }
        let verdict = verify(self.path(), None).unwrap();
        assert!(verdict.is_sound(), "{verdict}");
    }
}

fn settle(stepped: &mut Stepped) {
    stepped.step_writer().unwrap();
    while stepped.step_journal().unwrap() {}
    while stepped.step_view().unwrap() > 0 {}
}

fn say(stepped: &mut Stepped, submission: Submission) -> Vec<Reply> {
    let mut items = vec![submission];
    stepped.running().submit(Lane::Life, &mut items).unwrap();
    settle(stepped);
    let mut replies = Vec::new();
    stepped.running().replies(0, &mut replies);
    replies
}

#[test]
fn a_centre_comes_up_from_its_newest_snapshot_with_the_same_state_and_view() {
    let mut world = World::new();
    let mut centre = world.start();
    world.live(&mut centre, 300);
    let snapshot = centre.running().kept().snapshot();
    assert!(snapshot > Sequence(300), "{:?}", centre.running().kept());
    world.live(&mut centre, 20);
    let (hash, view) = (
        centre.centre().inspect().hash,
        world.sink.0.lock().unwrap().clone(),
    );
    drop(centre);

    let mut centre = world.start();
    assert_eq!(centre.running().kept().snapshot(), snapshot);
    assert_eq!(centre.running().passed_over(), [] as [String; 0]);
    assert_eq!(centre.centre().inspect().hash, hash);
    assert_eq!(*world.sink.0.lock().unwrap(), view);
    world.live(&mut centre, 200);
    assert!(centre.running().kept().snapshot() > snapshot);
    world.assert_sound(&centre);
}

#[test]
fn a_snapshot_that_is_not_whole_is_passed_over_and_an_older_one_taken() {
    let mut world = World::new();
    let mut centre = world.start();
    world.live(&mut centre, 150);
    world.live(&mut centre, 150);
    let hash = centre.centre().inspect().hash;
    drop(centre);
    let snapshots = Snapshots::of(world.path());
    let there = snapshots.list().unwrap();
    assert_eq!(there.len(), 2);
    for (damaged, begins_with) in [(1, there[0]), (0, Sequence(0))] {
        let path = snapshots.path(there[damaged]);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let centre = world.start();
        let told = centre.running().passed_over();
        assert_eq!(told.len(), 2 - damaged, "{told:?}");
        assert!(told[0].contains("another hash"), "{told:?}");
        assert_eq!(centre.running().kept().snapshot(), begins_with);
        assert_eq!(centre.centre().inspect().hash, hash);
        assert!(!verify(world.path(), None).unwrap().is_sound());
    }
}

#[test]
fn old_segments_go_behind_a_snapshot_and_nothing_that_is_needed_goes_with_them() {
    let mut world = World::new();
    let mut centre = world.start();
    let first = world.live(&mut centre, 300)[5];
    let whole = Reader::open(world.path()).unwrap().first().unwrap();
    world.wall.fetch_add(2 * DAY, Ordering::Relaxed);
    world.live(&mut centre, 150);
    world.live(&mut centre, 150);
    let mut reader = Reader::open(world.path()).unwrap();
    assert!(reader.first().unwrap() > whole, "something was pruned");
    assert!(reader.is_pruned().unwrap());
    reader.seek(whole);
    let refused = reader.next(Sequence(u64::MAX)).unwrap_err().to_string();
    assert!(refused.contains("is not kept any more"), "{refused}");
    world.assert_sound(&centre);
    drop(centre);

    let mut centre = world.start();
    world.assert_sound(&centre);
    // N2: a key of the window gets its first decision though its record is gone.
    let city = crate::city::generate(1, None).unwrap();
    let last = world.calls;
    let again = say(&mut centre, call(&city, last));
    let ReplyBody::Answer(Answer::Repeated { .. }) = again[0].body else {
        panic!("{:?}", again[0].body);
    };
    assert_ne!(again[0].sequence, first.sequence);
    drop(centre);

    // Without its snapshots it has no beginning.
    let snapshots = Snapshots::of(world.path());
    for sequence in snapshots.list().unwrap() {
        snapshots.remove(sequence).unwrap();
    }
    let refused = world.try_start().err().unwrap().to_string();
    assert!(refused.contains("bring back a whole snapshot"), "{refused}");
    let verdict = verify(world.path(), None).unwrap();
    assert!(!verdict.is_sound() && verdict.to_string().contains("earlier segments are missing"));
}

#[test]
fn a_journal_that_ends_before_its_snapshot_is_refused() {
    let mut world = World::new();
    let mut centre = world.start();
    world.live(&mut centre, 300);
    drop(centre);
    let mut segments = crate::journal::retention::segments(&world.path().into()).unwrap();
    let last = segments.pop().unwrap();
    std::fs::remove_file(world.path().join(format!("{:016x}.log", last.first.0))).unwrap();
    let refused = world.try_start().err().unwrap().to_string();
    assert!(
        refused.contains("damaged where it was durable"),
        "{refused}"
    );
}

/// A snapshot without its journal says nothing of what came after it, and a new journal beside it would hide that anything is missing.
#[test]
fn a_folder_whose_segments_are_all_gone_is_refused() {
    for left in ["snapshots", "objects"] {
        let mut world = World::new();
        let mut centre = world.start();
        world.live(&mut centre, 150);
        drop(centre);
        if left == "objects" {
            std::fs::remove_dir_all(world.path().join("snapshots")).unwrap();
        }
        let epoch = std::fs::read(world.path().join("EPOCH")).unwrap();
        let segments = || crate::journal::retention::segments(&world.path().into()).unwrap();
        for segment in segments() {
            let name = format!("{:016x}.log", segment.first.0);
            std::fs::remove_file(world.path().join(name)).unwrap();
        }
        let refused = world.try_start().err().unwrap().to_string();
        assert!(
            refused.contains(&format!(
                "a journal's {left} and no journal: bring its segments"
            )),
            "{refused}"
        );
        assert_eq!(segments(), [], "no other was begun");
        let after = std::fs::read(world.path().join("EPOCH")).unwrap();
        assert_eq!(after, epoch, "no start was counted");
    }
}

/// What is cut off is told to whoever starts the centre.
#[test]
fn a_tail_that_was_cut_off_is_told() {
    let mut world = World::new();
    let mut centre = world.start();
    world.live(&mut centre, 20);
    assert_eq!(centre.running().cut(), None);
    let hash = centre.centre().inspect().hash;
    drop(centre);
    let last = crate::journal::retention::segments(&world.path().into()).unwrap();
    let file = world
        .path()
        .join(format!("{:016x}.log", last.last().unwrap().first.0));
    let mut bytes = std::fs::read(&file).unwrap();
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    bytes[end + 8_192] = 7;
    std::fs::write(&file, bytes).unwrap();
    let centre = world.start();
    let told = centre.running().cut().unwrap().to_string();
    assert!(
        told.contains("unfinished tail") && told.contains("at risk"),
        "{told}"
    );
    assert_eq!(centre.centre().inspect().hash, hash);
    world.assert_sound(&centre);
}

#[test]
fn room_is_looked_at_and_no_snapshot_takes_what_is_left() {
    let mut world = World::new();
    let mut centre = world.start();
    for (free, room) in [
        (u64::MAX, Room::Ample),
        (keeping().room_low_bytes - 1, Room::Low),
        (keeping().room_least_bytes - 1, Room::Spent),
        (keeping().room_least_bytes / 8 - 1, Room::Gone),
    ] {
        world.free.store(free, Ordering::Relaxed);
        centre.step_keeper();
        let kept = centre.running().kept();
        assert_eq!((kept.room(), kept.free_bytes()), (room, free));
        let admitted = Lane::ALL.map(|lane| room.admits(lane));
        assert_eq!(
            admitted,
            match room {
                Room::Ample | Room::Low => [true; 3],
                Room::Spent => [true, false, false],
                Room::Gone => [false; 3],
            }
        );
    }
    let before = centre.running().kept().snapshots();
    world.live(&mut centre, 150);
    assert_eq!(centre.running().kept().snapshots(), before);
    world.free.store(u64::MAX, Ordering::Relaxed);
    centre.step_keeper();
    assert_eq!(centre.running().kept().room(), Room::Ample);
    assert_eq!(centre.running().kept().snapshots(), before + 1);
}

/// One that fits nowhere but into what is kept for what is open is not begun; the next is, once there is room again.
#[test]
fn a_snapshot_that_would_take_what_is_left_is_not_written() {
    let mut world = World::new();
    let mut centre = world.start();
    world
        .free
        .store(keeping().room_least_bytes + 4_096, Ordering::Relaxed);
    world.live(&mut centre, 150);
    let kept = centre.running().kept();
    assert_eq!((kept.room(), kept.snapshots()), (Room::Low, 0));
    let trouble = kept.trouble().unwrap();
    assert!(trouble.contains("make room on the disk"), "{trouble}");
    let left = std::fs::read_dir(world.path().join("snapshots"));
    assert_eq!(left.map_or(0, Iterator::count), 0);
    world.free.store(1 << 39, Ordering::Relaxed);
    world.live(&mut centre, 150);
    assert_eq!(centre.running().kept().snapshots(), 1);
    assert_eq!(centre.running().kept().trouble(), None);
}

/// What a snapshot took that was never finished is given back, however full the disk is: it may be what fills it. And what may go goes.
#[test]
fn a_full_disk_gets_back_what_nobody_needs() {
    let mut world = World::new();
    let mut centre = world.start();
    world.live(&mut centre, 300);
    world.live(&mut centre, 150);
    drop(centre);
    let unfinished = world.path().join("snapshots/0000000000000fff.snapshot.new");
    std::fs::write(&unfinished, vec![0; 1 << 16]).unwrap();
    let path = world.path();
    let segments = || crate::journal::retention::segments(&path.as_path().into()).unwrap();
    let before = segments();
    let mut centre = world.start();
    world.free.store(1, Ordering::Relaxed);
    centre.step_keeper();
    assert!(!unfinished.exists());
    assert_eq!(segments(), before, "nothing is old enough");
    world.wall.fetch_add(2 * DAY, Ordering::Relaxed);
    world.live(&mut centre, 110);
    let kept = centre.running().kept();
    assert_eq!((kept.room(), kept.snapshots()), (Room::Gone, 0));
    assert!(segments().len() < before.len() + 1, "{:?}", segments());
    assert!(segments()[0].first > before[0].first);
}

#[test]
fn a_disk_without_room_for_the_next_segment_lets_the_one_in_use_be_filled() {
    let mut world = World::new();
    let mut centre = world.start();
    world.free.store(0, Ordering::Relaxed);
    world.live(&mut centre, 20);
    assert_eq!(centre.running().health(), Health::Running);
    world.free.store(1 << 39, Ordering::Relaxed);
    world.live(&mut centre, 300);
    let segments = crate::journal::retention::segments(&world.path().into()).unwrap();
    assert!(segments.len() > 1, "{segments:?}");
    world.assert_sound(&centre);
}

#[test]
fn what_the_keeper_cannot_do_is_said_and_harms_nobody() {
    let mut world = World::new();
    let mut centre = world.start();
    let lexicon = centre
        .centre()
        .in_force(crate::command::ObjectKind::Plan)
        .unwrap();
    std::fs::write(Objects::of(world.path()).path(lexicon), b"spoilt").unwrap();
    world.live(&mut centre, 150);
    let kept = centre.running().kept();
    assert_eq!((kept.failures(), kept.snapshots()), (1, 0));
    let trouble = kept.trouble().unwrap();
    assert!(
        trouble.starts_with("no snapshot: ") && trouble.contains("damaged"),
        "{trouble}"
    );
    assert_eq!(centre.running().health(), Health::Running);
    assert!(centre.centre().now() > Moment(MORNING));
}
