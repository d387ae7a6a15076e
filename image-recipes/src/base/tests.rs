//! Downloads from a server that breaks off, lies, and changes its mind.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::Sha256;

use super::*;

/// How the server behaves at one request.
#[derive(Clone, Copy)]
enum Mood {
    /// All that is asked for.
    Well,
    /// Closes after so many bytes.
    Drops(usize),
    /// Gives all from the start, whatever was asked for.
    NoRanges,
    /// An answer without content.
    Says(u16),
    /// Leads elsewhere.
    Leads(&'static str),
}

/// A server on this machine, and what it was asked.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<u64>>>,
}

/// Serves `content`, in each mood once, and then well. Its thread ends with the tests.
fn server(content: Vec<u8>, moods: Vec<Mood>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/base.img", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    std::thread::spawn(move || {
        let mut moods = moods.into_iter();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut from = 0;
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap_or_default().to_lowercase();
                if let Some(range) = line.strip_prefix("range: bytes=") {
                    from = range.trim_end_matches('-').parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            log.lock().unwrap().push(from as u64);
            let _ = answer(&mut stream, &content, from, moods.next().unwrap_or(Mood::Well));
        }
    });
    Server { url, asked }
}

fn answer(stream: &mut impl Write, content: &[u8], from: usize, mood: Mood) -> std::io::Result<()> {
    let (from, end) = match mood {
        Mood::Well => (from, content.len()),
        Mood::Drops(bytes) => (from, (from + bytes).min(content.len())),
        Mood::NoRanges => (0, content.len()),
        Mood::Says(status) => {
            return write!(stream, "HTTP/1.1 {status} no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
        Mood::Leads(to) => {
            return write!(
                stream,
                "HTTP/1.1 302 there\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
        }
    };
    let all = content.len();
    if from > 0 && from >= all {
        return write!(
            stream,
            "HTTP/1.1 416 no\r\ncontent-range: bytes */{all}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
    }
    let status = match from {
        0 => "200 OK".to_owned(),
        _ => format!("206 part\r\ncontent-range: bytes {from}-{}/{all}", all - 1),
    };
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", all - from)?;
    stream.write_all(&content[from..end])
}

fn content() -> Vec<u8> {
    (0..3_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn digest_of(content: &[u8]) -> Digest {
    Digest::try_from(format!("sha256:{}", hex::encode(<Sha256 as sha2::Digest>::digest(content)))).unwrap()
}

fn client() -> Client {
    let mut client = Client::new().unwrap();
    client.pause = Duration::from_millis(1);
    client
}

struct Cache {
    folder: tempfile::TempDir,
    store: Store,
}

fn cache() -> Cache {
    let folder = tempfile::tempdir().unwrap();
    Cache { store: Store::at(folder.path()), folder }
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_ended() {
    let server = server(content(), vec![Mood::Drops(1_000_000), Mood::Says(503), Mood::Drops(500_000)]);
    let cache = cache();
    let path = cache.store.bring(&client(), &server.url, &digest_of(&content())).unwrap();
    assert!(std::fs::read(path).unwrap() == content());
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 4);
    assert!(asked[1] > 900_000 && asked[1] == asked[2] && asked[3] > asked[2], "{asked:?}");
}

#[test]
fn a_later_run_goes_on_too_and_one_after_that_asks_nobody() {
    let cache = cache();
    let wanted = digest_of(&content());
    let folder = cache.folder.path().join("sha256");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{}.part", wanted.parts().1)), &content()[..2_000_000]).unwrap();
    let server = server(content(), Vec::new());
    let path = cache.store.bring(&client(), &server.url, &wanted).unwrap();
    assert_eq!(*server.asked.lock().unwrap(), [2_000_000]);
    assert_eq!(cache.store.bring(&client(), &server.url, &wanted).unwrap(), path);
    assert_eq!(server.asked.lock().unwrap().len(), 1);
    // A file of the store that is not what it was is fetched again.
    std::fs::write(&path, "rot").unwrap();
    cache.store.bring(&client(), &server.url, &wanted).unwrap();
    assert!(std::fs::read(path).unwrap() == content());
}

#[test]
fn a_beginning_that_was_of_another_file_is_thrown_away() {
    for moods in [vec![], vec![Mood::NoRanges]] {
        let cache = cache();
        let wanted = digest_of(&content());
        let folder = cache.folder.path().join("sha256");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{}.part", wanted.parts().1)), vec![7; 1_000_000]).unwrap();
        let server = server(content(), moods);
        let path = cache.store.bring(&client(), &server.url, &wanted).unwrap();
        assert!(std::fs::read(path).unwrap() == content());
    }
}

#[test]
fn a_part_that_is_whole_or_too_long_is_no_trouble() {
    for more in [0, 10] {
        let cache = cache();
        let wanted = digest_of(&content());
        let folder = cache.folder.path().join("sha256");
        std::fs::create_dir_all(&folder).unwrap();
        let part = [content(), vec![0; more]].concat();
        std::fs::write(folder.join(format!("{}.part", wanted.parts().1)), part).unwrap();
        let server = server(content(), Vec::new());
        assert!(cache.store.bring(&client(), &server.url, &wanted).is_ok());
    }
}

#[test]
fn another_content_is_refused_and_kept_nowhere() {
    let server = server(b"something else".to_vec(), Vec::new());
    let cache = cache();
    let error = cache.store.bring(&client(), &server.url, &digest_of(&content())).unwrap_err();
    assert!(error.what.contains("is not what it has to be"), "{error}");
    let left: Vec<_> = std::fs::read_dir(cache.folder.path().join("sha256")).unwrap().collect();
    assert_eq!(left.len(), 1, "the lock alone: {left:?}");
}

#[test]
fn what_the_server_says_for_good_is_said() {
    let cache = cache();
    let missing = server(Vec::new(), vec![Mood::Says(404)]);
    let error = cache.store.bring(&client(), &missing.url, &digest_of(b"")).unwrap_err();
    assert!(error.what.contains("404"), "{error}");
    let dead = server(Vec::new(), vec![Mood::Says(503); 9]);
    let error = cache.store.bring(&client(), &dead.url, &digest_of(b"x")).unwrap_err();
    assert!(error.what.contains("5 times without a byte"), "{error}");
    assert_eq!(dead.asked.lock().unwrap().len(), 5);
}

#[test]
fn plain_http_is_refused_also_where_a_server_leads_to_it() {
    let cache = cache();
    let error = cache.store.bring(&client(), "http://192.0.2.1/base.img", &digest_of(b"x")).unwrap_err();
    assert_eq!((error.exit_code(), error.what.contains("is not HTTPS")), (2, true));
    let server = server(Vec::new(), vec![Mood::Leads("http://192.0.2.1/base.img")]);
    let error = cache.store.bring(&client(), &server.url, &digest_of(b"x")).unwrap_err();
    assert!(error.what.contains("which is not HTTPS"), "{error}");
}

#[test]
fn two_runs_that_want_the_same_fetch_it_once() {
    let server = server(content(), vec![Mood::Drops(1_000)]);
    let cache = cache();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| cache.store.bring(&client(), &server.url, &digest_of(&content())).unwrap());
        }
    });
    assert_eq!(server.asked.lock().unwrap().len(), 2, "one that broke off, and one that went on");
}

#[test]
fn lists_of_digests_are_read_in_every_form() {
    let (short, long) = ("a".repeat(64), "b".repeat(128));
    let url = "https://example.com/images/base.img";
    for (list, wanted) in [
        (format!("{short}  base.img\n{}  other.img\n", "c".repeat(64)), format!("sha256:{short}")),
        (format!("{short} *base.img\n"), format!("sha256:{short}")),
        (format!("{short}  ./base.img\n"), format!("sha256:{short}")),
        (format!("# base.img: 100 bytes\nSHA256 (base.img) = {short}\n"), format!("sha256:{short}")),
        (format!("{short}  base.img\n{long}  base.img\n"), format!("sha512:{long}")),
        (format!("{}  base.img\n", short.to_uppercase()), format!("sha256:{short}")),
    ] {
        assert_eq!(digests::of(&list, url).unwrap().as_str(), wanted, "{list}");
    }
    for list in [
        String::new(),
        format!("{short}  base.img.asc\n"),
        format!("{short}  base.img\n{}  base.img\n", "d".repeat(64)),
        "<html>base.img</html>".into(),
    ] {
        digests::of(&list, url).unwrap_err();
    }
}

#[test]
fn a_file_without_a_digest_is_refused_with_the_one_it_has() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("base.qcow2"), "image").unwrap();
    let bring = |digest: &str| {
        let path = folder.path().join("edge.toml");
        std::fs::write(&path, format!("base = {{ file = \"base.qcow2\"{digest} }}")).unwrap();
        super::bring(&Recipe::read(&path).unwrap(), &Store::at(folder.path()))
    };
    let error = bring("").unwrap_err();
    let wanted = digest_of(b"image");
    assert!(error.hint.unwrap().contains(wanted.as_str()));
    let base = bring(&format!(", digest = \"{wanted}\"")).unwrap().unwrap();
    assert_eq!((base.origin.as_str(), base.digest), ("base.qcow2", wanted));
    let other = bring(&format!(", digest = \"{}\"", digest_of(b"other"))).unwrap_err();
    assert!(other.what.contains("is not what the recipe names"));
}
