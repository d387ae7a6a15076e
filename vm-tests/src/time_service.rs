//! A time service at the gateway of a world: SNTP (RFC 4330), as much of it as a client needs to set its clock.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Result;
use crate::guest::network::{GATEWAY, Network};

const PORT: u16 = 123;
/// All of a message without extensions.
const LENGTH: usize = 48;
/// Seconds from NTP's beginning, 1900, to Unix's.
const FROM_1900_TO_1970: u64 = 2_208_988_800;
/// How soon it notices that it has to end.
const LOOK: Duration = Duration::from_millis(200);

/// A time service that answers until it is dropped.
pub struct TimeService {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TimeService {
    pub(crate) fn start(network: &Network) -> Result<Self> {
        let socket = network.at_its_place(|| UdpSocket::bind((GATEWAY, PORT)))?;
        socket.set_read_timeout(Some(LOOK))?;
        let ends = Arc::new(AtomicBool::new(false));
        let ended = ends.clone();
        let thread = thread::spawn(move || {
            let mut request = [0; LENGTH];
            while !ended.load(Ordering::Relaxed) {
                let Ok((LENGTH, client)) = socket.recv_from(&mut request) else { continue };
                let _ = socket.send_to(&answer(&request, SystemTime::now()), client);
            }
        });
        Ok(Self { ends, thread: Some(thread) })
    }
}

impl Drop for TimeService {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The time, from a server that has it first hand.
fn answer(request: &[u8; LENGTH], now: SystemTime) -> [u8; LENGTH] {
    let (server, version) = (4, request[0] & 0b0011_1000);
    let mut answer = [0; LENGTH];
    answer[0] = version | server;
    // Stratum 1; the client's own interval; a precision of 2^-20 seconds.
    (answer[1], answer[2], answer[3]) = (1, request[2], 0xec);
    answer[12..16].copy_from_slice(b"LOCL");
    let now = timestamp(now);
    // The client knows its question again by the time that it sent with it.
    answer[24..32].copy_from_slice(&request[40..]);
    for at in [16, 32, 40] {
        answer[at..at + 8].copy_from_slice(&now);
    }
    answer
}

/// Seconds since 1900, and parts of one.
fn timestamp(time: SystemTime) -> [u8; 8] {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let parts = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    (((since.as_secs() + FROM_1900_TO_1970) << 32) | parts).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_time_since_1900_and_the_mark_of_its_question() {
        let mut request = [0; LENGTH];
        request[0] = 0b0010_0011;
        request[40..].copy_from_slice(b"question");
        let answer = answer(&request, UNIX_EPOCH + Duration::from_millis(1500));
        assert_eq!((answer[0], answer[1]), (0b0010_0100, 1), "version 4, a server, stratum 1");
        assert_eq!(&answer[24..32], b"question");
        assert_eq!(answer[40..], [0x83, 0xaa, 0x7e, 0x81, 0x80, 0, 0, 0]);
    }
}
