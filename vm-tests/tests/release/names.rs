//! A name server that knows one name, on an address of this machine's own.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Port 53 of another address than where this machine's own name server may be.
pub const ADDRESS: &str = "127.77.0.53";

const HEADER: usize = 12;
/// A response to a recursive question.
const ANSWERED: [u8; 2] = [0x81, 0x80];
const NO_SUCH_NAME: u8 = 3;
const TYPE_A: [u8; 2] = [0, 1];

pub struct NameServer {
    over: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    serving: Option<JoinHandle<()>>,
}

impl NameServer {
    /// From now on `name` is this machine.
    pub fn of(name: &str) -> Self {
        let socket = UdpSocket::bind((ADDRESS, 53)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let (over, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (until, count, name) = (over.clone(), answers.clone(), name.to_owned());
        let serving = thread::spawn(move || {
            let mut question = [0; 512];
            while !until.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut question) else { continue };
                if let Some(answer) = answer(&question[..length], &name) {
                    count.fetch_add(1, Ordering::Relaxed);
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { over, answers, serving: Some(serving) }
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.answers.load(Ordering::Relaxed)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}

/// RFC 1035, 4.1: a header, the one question again, and one answer where it is for an address of IPv4.
fn answer(question: &[u8], known: &str) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (HEADER, Vec::new());
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(question.get(at..at + length)?).into_owned());
        at += length;
    }
    let asked = question.get(HEADER..at + 4)?;
    let is_known = labels.join(".") == known;
    let has_answer = is_known && question.get(at..at + 2)? == TYPE_A;
    let mut answer = question.get(..2)?.to_vec();
    answer.extend([ANSWERED[0], ANSWERED[1] | if is_known { 0 } else { NO_SUCH_NAME }]);
    answer.extend([0, 1, 0, has_answer.into(), 0, 0, 0, 0]);
    answer.extend(asked);
    if has_answer {
        // The name is the question's, then type, class, a minute, and four bytes.
        answer.extend([0xc0, HEADER as u8, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}
