//! What the machine allows, held against what the configuration wants: UDP buffers and open files.
//!
//! [`warnings`] is pure; [`Found::read`] asks the machine. Too little is no mistake, a centre starts all the same, but it is said
//! with the number found, the number wanted and the command that mends it.

use crate::config::Config;
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::UdpSocket;

/// How the names of the gateway's threads begin: doors, intake and answers are on each of them.
pub const GATEWAY_THREAD: &str = "gateway-";

/// Bytes of UDP buffer for each connection: a burst of two datagrams, as the kernel counts them.
const UDP_BYTES_PER_CONNECTION: u64 = 4_096;
/// The least and the most UDP buffer that is wanted, however few or many connections there may be.
const UDP_BYTES: (u64, u64) = (256 << 10, 16 << 20);
/// Files beside those of connections: journal, certificate, the runtime's own.
const FILES_BESIDE: u64 = 256;

/// What a configuration wants of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `quic.connections_max`.
    pub connections: u64,
    /// Bytes of the UDP socket's buffer, each way.
    pub udp_bytes: u64,
    /// Files open at once: one a QUIC connection, as each may read the journal; two an HTTP connection, itself and the journal
    /// that it reads; and those beside.
    pub open_files: u64,
}

impl Wanted {
    /// By so many connections over QUIC and over HTTP.
    pub fn by(connections: usize, http: usize) -> Wanted {
        let (connections, http) = (connections as u64, http as u64);
        Wanted {
            connections,
            udp_bytes: (connections * UDP_BYTES_PER_CONNECTION).clamp(UDP_BYTES.0, UDP_BYTES.1),
            open_files: connections + 2 * http + FILES_BESIDE,
        }
    }

    /// By a configuration.
    pub fn of(config: &Config) -> Wanted {
        Wanted::by(config.quic.connections_max, config.http_connections_max)
    }
}

/// Asks for so much buffer, each way; the kernel gives what it allows, and [`warnings`] say what is missing.
pub fn widen(udp: &UdpSocket, bytes: u64) {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    let widened = set_socket_recv_buffer_size(udp, bytes)
        .and_then(|()| set_socket_send_buffer_size(udp, bytes));
    if let Err(error) = widened {
        tracing::warn!(%error, bytes, "the UDP buffers stay as the kernel makes them");
    }
}

/// What the machine allows; `None` where it does not say, or allows any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// `net.core.rmem_max`.
    pub receive_bytes: Option<u64>,
    /// `net.core.wmem_max`.
    pub send_bytes: Option<u64>,
    /// The limit on open files.
    pub open_files: Option<u64>,
}

impl Found {
    /// Asks the machine.
    pub fn read() -> Found {
        Found {
            receive_bytes: number_in("/proc/sys/net/core/rmem_max"),
            send_bytes: number_in("/proc/sys/net/core/wmem_max"),
            open_files: getrlimit(Resource::Nofile).current,
        }
    }
}

/// How many processors this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn number_in(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Raises this process's own limit on open files as far as is wanted and allowed; what is still missing is warned of.
pub fn raise_open_files(wanted: &Wanted) {
    let limit = getrlimit(Resource::Nofile);
    let most = limit
        .maximum
        .map_or(wanted.open_files, |most| most.min(wanted.open_files));
    if limit.current.is_some_and(|current| current < most) {
        let raised = Rlimit {
            current: Some(most),
            maximum: limit.maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "the limit on open files cannot be raised");
        }
    }
}

/// What is too small, each with the command that mends it.
pub fn warnings(wanted: &Wanted, found: &Found) -> Vec<String> {
    let mut warnings = Vec::new();
    let buffers = [
        ("net.core.rmem_max", found.receive_bytes),
        ("net.core.wmem_max", found.send_bytes),
    ];
    for (name, found) in buffers {
        if let Some(found) = found.filter(|&found| found < wanted.udp_bytes) {
            warnings.push(format!(
                "{name} is {found} bytes; {} are wanted for quic.connections_max = {}: under a burst datagrams are lost. Mend it with `sysctl -w {name}={}`, and in /etc/sysctl.d to keep it",
                wanted.udp_bytes, wanted.connections, wanted.udp_bytes
            ));
        }
    }
    if let Some(found) = found.open_files.filter(|&found| found < wanted.open_files) {
        warnings.push(format!(
            "at most {found} files may be open; {} are wanted for quic.connections_max = {} and http.connections_max: clients would be turned away. Mend it with `ulimit -n {}`, or LimitNOFILE={} in the service's unit",
            wanted.open_files, wanted.connections, wanted.open_files, wanted.open_files
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_enough_is_not_spoken_of() {
        let wanted = Wanted::by(1_024, 256);
        assert_eq!((wanted.udp_bytes, wanted.open_files), (4 << 20, 1_792));
        let enough = Found {
            receive_bytes: Some(4 << 20),
            send_bytes: Some(4 << 20),
            open_files: Some(1_792),
        };
        assert!(warnings(&wanted, &enough).is_empty());
        assert!(warnings(&wanted, &Found::default()).is_empty(), "no limit");
        assert_eq!(Wanted::by(1, 1).udp_bytes, 256 << 10);
        assert_eq!(Wanted::by(65_536, 1).udp_bytes, 16 << 20);
    }

    #[test]
    fn what_is_too_small_names_found_wanted_and_the_remedy() {
        let wanted = Wanted::by(1_024, 256);
        let small = Found {
            receive_bytes: Some(212_992),
            send_bytes: Some(4 << 20),
            open_files: Some(1_024),
        };
        let said = warnings(&wanted, &small);
        assert_eq!(said.len(), 2);
        for part in [
            "212992",
            "4194304",
            "1024",
            "sysctl -w net.core.rmem_max=4194304",
        ] {
            assert!(said[0].contains(part), "{part}: {}", said[0]);
        }
        for part in ["at most 1024", "1792", "ulimit -n 1792"] {
            assert!(said[1].contains(part), "{part}: {}", said[1]);
        }
    }

    #[test]
    fn the_machine_answers() {
        let found = Found::read();
        assert!(found.open_files.is_none_or(|files| files > 0));
        if std::path::Path::new("/proc/sys/net/core/rmem_max").exists() {
            assert!(
                found.receive_bytes.is_some_and(|bytes| bytes > 0),
                "{found:?}"
            );
        }
    }
}
