//! What kept a centre from more: the limit, named from what was busy when the objective broke.
//!
//! Evidence comes in an order of how much it proves. A full lane or table was counted where it refused; a dropped datagram too. No idle
//! core left is a limit whatever else was slow by it, the generator's own where it was the bottleneck and took the most of them; only then
//! is a slow journal the disk's. Where nothing that was looked at was busy, that is what is said.

use super::centre::Busy;
use serde::Serialize;
use std::fmt;

/// Fewer idle cores than this share is none.
const IDLE_SHARE: f64 = 0.10;
/// Centre and generator together keep at least this share of the machine busy, or somebody else does.
const OURS_SHARE: f64 = 0.60;
/// The journal is the limit where a call spends at least this share of its way in it.
const JOURNAL_OF_DECISION: f64 = 0.40;
/// … and the journal is at work at least this share of the time.
const JOURNAL_SHARE: f64 = 0.50;
/// A thread that is never idle.
const THREAD_SHARE: f64 = 0.85;
/// What the names of the threads begin with that read calls and answer them.
const GATEWAY: &str = "gateway-";

/// What kept it from more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "limit")]
pub enum Limit {
    /// The generator itself; nothing is known of the centre beyond.
    Generator {
        /// Why.
        because: String,
    },
    /// The ceiling that was asked for.
    Ceiling,
    /// A lane was full.
    Lane {
        /// Which.
        lane: String,
    },
    /// The table of a worker was full.
    Worker,
    /// Datagrams were dropped before they were read.
    Network,
    /// The machine's cores.
    Cores,
    /// The machine's cores, and mostly others than centre and generator had them.
    Others,
    /// The journal: the disk.
    Journal,
    /// A thread that cannot be shared out.
    Thread {
        /// Which.
        thread: String,
    },
    /// All threads that read calls and answer them.
    Gateways {
        /// How many there are.
        threads: usize,
    },
    /// Nothing that was looked at was busy.
    Unknown,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Generator { because } => write!(f, "the generator, not the centre: {because}"),
            Limit::Ceiling => f.write_str("the ceiling that was asked for; the centre takes more (--ceiling)"),
            Limit::Lane { lane } => write!(f, "the {lane} lane: it was full and refused aloud (`lanes.{lane}`)"),
            Limit::Worker => {
                f.write_str("the table of a worker: it was full and refused aloud (`quic.workers`, `quic.worker_requests_max`)")
            }
            Limit::Network => f.write_str("the network: the centre's socket dropped datagrams (`net.core.rmem_max`)"),
            Limit::Cores => f.write_str("the machine's cores: centre and generator together left none idle"),
            Limit::Others => f.write_str("the machine's cores: other programs had most of them; nothing is known of the centre alone"),
            Limit::Journal => f.write_str("the journal: most of a call's way was waiting for the disk to write and sync"),
            Limit::Thread { thread } => write!(f, "the centre's {thread} thread: it was never idle"),
            Limit::Gateways { threads } => write!(
                f,
                "the centre's gateway threads: of {threads} none was ever idle; it has one a core, so give it more cores (and `quic.workers`)"
            ),
            Limit::Unknown => f.write_str("nothing that was looked at was busy (with --stats more is looked at)"),
        }
    }
}

/// The limit of a step that broke; `invalid` says why it was the generator's fault, if so, and `by_refusing` whether what was refused broke
/// it: where calls were slow and some refused, what was full is no more than a sign.
pub fn of(busy: &Busy, invalid: Option<&str>, by_refusing: bool) -> Limit {
    let full = full(busy);
    if let Some(full) = full.clone().filter(|_| by_refusing) {
        return full;
    }
    if let Some(idle) = busy
        .cores_idle
        .filter(|idle| *idle < IDLE_SHARE * busy.cores)
    {
        let ours = busy.generator_cores + busy.centre_cores.unwrap_or_default();
        let known = busy.centre_cores.is_some();
        if ours >= OURS_SHARE * (busy.cores - idle) && known {
            // A generator that waits for a core which the centre has is not slow itself; one that has them itself is.
            let has_most = busy.centre_cores <= Some(busy.generator_cores);
            return match invalid.filter(|_| has_most) {
                Some(because) => generator(because),
                None => Limit::Cores,
            };
        }
        if known && !is_the_journal(busy) {
            return Limit::Others;
        }
    }
    if let Some(full) = full {
        return full;
    }
    if let Some(because) = invalid {
        return generator(because);
    }
    if busy.datagrams_dropped.is_some_and(|dropped| dropped > 0) {
        return Limit::Network;
    }
    if is_the_journal(busy) {
        return Limit::Journal;
    }
    never_idle(busy).unwrap_or(Limit::Unknown)
}

fn generator(because: &str) -> Limit {
    Limit::Generator {
        because: because.to_owned(),
    }
}

/// The busiest thread, if it was never idle; where it is one of those of the gateway and no other of them was idle either, all of them.
fn never_idle(busy: &Busy) -> Option<Limit> {
    let named = busy.threads.iter().filter(|(name, _)| *name != "others");
    let busiest = named.max_by(|one, other| one.1.total_cmp(other.1));
    let (thread, _) = busiest.filter(|(_, share)| **share >= THREAD_SHARE)?;
    let gateways = || {
        busy.threads
            .iter()
            .filter(|(it, _)| it.starts_with(GATEWAY))
    };
    if thread.starts_with(GATEWAY) && gateways().all(|(_, share)| *share >= THREAD_SHARE) {
        return Some(Limit::Gateways {
            threads: gateways().count(),
        });
    }
    Some(Limit::Thread {
        thread: thread.clone(),
    })
}

/// The lane or table that was full most often.
fn full(busy: &Busy) -> Option<Limit> {
    let (full, _) = busy.overloads.iter().max_by_key(|(_, count)| **count)?;
    Some(match full.as_str() {
        "worker" => Limit::Worker,
        lane => Limit::Lane { lane: lane.into() },
    })
}

fn is_the_journal(busy: &Busy) -> bool {
    let of_decision = busy
        .journal_ms
        .zip(busy.decision_ms)
        .map(|(journal, decision)| journal / decision.max(1e-9));
    of_decision.is_some_and(|share| share >= JOURNAL_OF_DECISION)
        && busy
            .journal_share
            .is_some_and(|share| share >= JOURNAL_SHARE)
}

/// What was busiest, in words, the busiest first.
pub fn busiest(busy: &Busy) -> Vec<String> {
    let mut shares: Vec<(f64, String)> = Vec::new();
    if let Some(idle) = busy.cores_idle {
        let used = busy.cores - idle;
        let centre = busy
            .centre_cores
            .map_or_else(String::new, |cores| format!("centre {cores:.2}, "));
        let text = format!(
            "cores {used:.2} of {:.0} ({centre}generator {:.2})",
            busy.cores, busy.generator_cores
        );
        shares.push((used / busy.cores.max(1.0), text));
    } else if let Some(cores) = busy.centre_cores {
        // Another machine: how many it has, and who else has them, is not known here.
        let text = format!(
            "centre {cores:.2} cores of its machine, generator {:.2} of this one",
            busy.generator_cores
        );
        shares.push((1.0, text));
    }
    if let Some(share) = busy.journal_share {
        let each = busy.journal_ms.unwrap_or_default();
        shares.push((
            share,
            format!(
                "journal {:.0} % of the time, {each:.2} ms a group",
                share * 100.0
            ),
        ));
    }
    for (thread, share) in busy.threads.iter().filter(|(_, share)| **share >= 0.01) {
        shares.push((*share, format!("thread {thread} {:.0} %", share * 100.0)));
    }
    if let Some(share) = busy.writer_waited_share.filter(|share| *share > 0.01) {
        shares.push((
            share,
            format!("the writer waited for the journal {:.0} %", share * 100.0),
        ));
    }
    shares.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut told: Vec<String> = shares.into_iter().map(|(_, text)| text).collect();
    for (full, count) in &busy.overloads {
        told.insert(0, format!("{full} full {count} times"));
    }
    for (lane, depth) in busy.queue_depths.iter().filter(|(_, depth)| **depth > 0) {
        told.push(format!("lane {lane} up to {depth} waiting"));
    }
    if let Some(dropped) = busy.datagrams_dropped.filter(|dropped| *dropped > 0) {
        told.push(format!("{dropped} datagrams dropped"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> Busy {
        Busy {
            cores: 2.0,
            cores_idle: Some(1.4),
            generator_cores: 0.2,
            centre_cores: Some(0.4),
            journal_share: Some(0.2),
            journal_ms: Some(0.1),
            decision_ms: Some(0.5),
            ..Busy::default()
        }
    }

    fn limit(change: impl FnOnce(&mut Busy)) -> Limit {
        let mut busy = quiet();
        change(&mut busy);
        of(&busy, None, true)
    }

    #[test]
    fn each_limit_is_named_by_its_own_evidence() {
        assert_eq!(limit(|_| ()), Limit::Unknown);
        let full = |full: &str| limit(|busy| busy.overloads.extend([(full.into(), 3)]));
        assert_eq!(
            full("urgent"),
            Limit::Lane {
                lane: "urgent".into()
            }
        );
        assert_eq!(full("worker"), Limit::Worker);
        assert_eq!(
            limit(|busy| busy.datagrams_dropped = Some(9)),
            Limit::Network
        );
        let slow = |busy: &mut Busy| {
            (busy.journal_share, busy.journal_ms, busy.decision_ms) =
                (Some(0.97), Some(20.0), Some(31.0));
        };
        assert_eq!(limit(slow), Limit::Journal);
        let saturated = |busy: &mut Busy| {
            (busy.cores_idle, busy.centre_cores, busy.generator_cores) =
                (Some(0.05), Some(1.0), 0.8);
        };
        assert_eq!(limit(saturated), Limit::Cores);
        // A journal thread that waits for a core is not a slow disk, and neighbours do not make a slow disk fast.
        assert_eq!(limit(|busy| (slow(busy), saturated(busy)).1), Limit::Cores);
        assert_eq!(limit(|busy| busy.cores_idle = Some(0.0)), Limit::Others);
        assert_eq!(
            limit(|busy| (slow(busy), busy.cores_idle = Some(0.0)).1),
            Limit::Journal
        );
    }

    #[test]
    fn a_thread_that_is_never_idle_is_named_and_all_of_the_gateway_s_together() {
        let busy = |threads: [(&str, f64); 4]| {
            limit(|busy| {
                let threads = threads.map(|(thread, share)| (thread.to_owned(), share));
                busy.threads.extend(threads);
            })
        };
        let one = |thread: &str| Limit::Thread {
            thread: thread.into(),
        };
        let beside = ("others", 1.3);
        let writer = [("writer", 0.93), ("gateway-0", 0.9), ("gateway-1", 0.86)];
        assert_eq!(
            busy([writer[0], writer[1], writer[2], beside]),
            one("writer")
        );
        let gateway = [("writer", 0.5), ("gateway-0", 0.4), ("gateway-1", 0.93)];
        let named = busy([gateway[0], gateway[1], gateway[2], beside]);
        assert_eq!(named, one("gateway-1"));
        let all = busy([gateway[0], ("gateway-0", 0.86), gateway[2], beside]);
        assert_eq!(all, Limit::Gateways { threads: 2 });
        assert!(all.to_string().contains("more cores"), "{all}");
        assert_eq!(
            busy([("writer", 0.84), ("gateway-0", 0.8), ("view", 0.1), beside]),
            Limit::Unknown
        );
    }

    /// No core is idle: whose limit that is depends on who has them, where the generator was the bottleneck of the step.
    #[test]
    fn a_generator_that_has_most_of_the_cores_is_the_limit_itself() {
        let because = "it kept 2.00 of 2 cores busy itself";
        let shared = |generator: f64, centre: f64, invalid: Option<&str>| {
            let busy = Busy {
                cores_idle: Some(0.02),
                generator_cores: generator,
                centre_cores: Some(centre),
                ..quiet()
            };
            of(&busy, invalid, false)
        };
        assert_eq!(shared(1.3, 0.6, Some(because)), generator(because));
        assert_eq!(shared(0.95, 0.95, Some(because)), generator(because));
        assert_eq!(shared(1.3, 0.6, None), Limit::Cores, "it kept its schedule");
        assert_eq!(shared(0.7, 1.2, Some(because)), Limit::Cores);
    }

    #[test]
    fn the_generator_is_blamed_where_nothing_else_was() {
        let because = Some("it was late");
        assert!(matches!(
            of(&quiet(), because, false),
            Limit::Generator { .. }
        ));
        let mut full = quiet();
        full.overloads.insert("life".into(), 1);
        assert!(
            matches!(of(&full, because, false), Limit::Lane { .. }),
            "a lane that refused is the centre's"
        );
        full.cores_idle = Some(0.02);
        (full.centre_cores, full.generator_cores) = (Some(1.1), 0.8);
        assert_eq!(
            of(&full, None, false),
            Limit::Cores,
            "slow, and one was refused"
        );
        assert!(matches!(of(&full, None, true), Limit::Lane { .. }));
        full.cores_idle = None;
        let away = busiest(&full);
        assert!(
            away.iter().any(|text| text.contains("centre 1.10 cores")),
            "{away:?}"
        );
        let mut full = Busy {
            overloads: full.overloads,
            ..quiet()
        };
        full.queue_depths.clear();
        let told = busiest(&full);
        assert!(
            told[0].contains("life full 1 times")
                && told.iter().any(|text| text.contains("cores 0.60 of 2")),
            "{told:?}"
        );
    }
}
