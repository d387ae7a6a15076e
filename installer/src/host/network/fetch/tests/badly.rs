//! What ends in a sentence.

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use super::*;

#[test]
fn a_length_that_is_too_long_ends_in_a_sentence() {
    let server = serving(|asked, _| {
        let mut reply = honest(asked, &BODY, "\"one\"");
        reply.body.truncate(reply.body.len().min(PIECE));
        match asked.from {
            Some(_) => status("416 Range Not Satisfiable", "Content-Range: bytes */65536\r\n"),
            None => reply,
        }
    });
    let place = Place::new();
    place.must_fail(place.fetch(&server), "promised more bytes than it has");
}

#[test]
fn a_length_that_is_too_long_and_never_mended_ends_after_five_tries() {
    let server = serving(|_, _| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", BODY.len() + 1);
        Reply { head, body: BODY.clone(), ..Reply::default() }
    });
    let place = Place::new();
    let error = place.must_fail(place.fetch(&server), "was cut off after");
    assert!(error.what.contains("given up after 5 tries in 0 s"), "{error}");
}

#[test]
fn a_length_that_is_too_short_makes_a_file_that_nobody_signed() {
    let server = serving(|asked, _| {
        let reply = honest(asked, &BODY, "\"one\"");
        Reply { head: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".into(), ..reply }
    });
    let place = Place::new();
    place.must_fail(place.fetch(&server), "the package's signature does not count");
}

/// An answer without a length ends where its connection ends.
fn unmeasured(body: &[u8], farewell: bool) -> Reply {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".into();
    Reply { head, body: body.into(), farewell, ..Reply::default() }
}

#[test]
fn no_length_at_all_is_fine() {
    let server = serving(|_, _| unmeasured(&BODY, true));
    let place = Place::new();
    place.must_have(place.fetch(&server), &BODY);
}

#[test]
fn what_ends_early_without_a_length_is_found_by_tls_or_by_the_signature() {
    let (cut, wrong) =
        (serving(|_, _| unmeasured(&BODY[..PIECE], false)), serving(|_, _| unmeasured(&BODY[..PIECE], true)));
    let place = Place::new();
    place.must_fail(place.fetch(&cut), "was cut off after 65536 bytes");
    place.must_fail(place.fetch(&wrong), "the package's signature does not count");
}

#[test]
fn a_chunked_answer_needs_no_length() {
    let server = serving(|_, _| {
        let mut body = format!("{:x}\r\n", BODY.len()).into_bytes();
        body.extend_from_slice(&BODY);
        body.extend_from_slice(b"\r\n0\r\n\r\n");
        Reply {
            head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".into(),
            body,
            ..Reply::default()
        }
    });
    let place = Place::new();
    place.must_have(place.fetch(&server), &BODY);
}

#[test]
fn a_redirect_to_http_is_not_followed() {
    let server = serving(|_, _| status("302 Found", "Location: http://localhost:1/package.deb\r\n"));
    let place = Place::new();
    place.must_fail(place.fetch(&server), "leads to http://localhost:1/package.deb, which is not HTTPS");
    assert_eq!(server.asked(FILE).len(), 1);
}

#[test]
fn a_redirect_within_https_is_followed() {
    let server = serving(|asked, _| match asked.path.as_str() {
        FILE => status("307 Temporary Redirect", "Location: /elsewhere.deb\r\n"),
        _ => honest(asked, &BODY, "\"one\""),
    });
    let place = Place::new();
    place.must_have(place.fetch(&server), &BODY);
}

#[test]
fn a_circle_of_redirects_is_left() {
    let server = serving(|_, _| status("302 Found", "Location: /package.deb\r\n"));
    let place = Place::new();
    place.must_fail(place.fetch(&server), "leads on and on, more than 5 times");
    assert_eq!(server.asked(FILE).len(), 6, "one try, since the next would run in the same circle");
}

#[test]
fn what_is_not_there_is_asked_for_once() {
    for code in ["404 Not Found", "403 Forbidden"] {
        let server = serving(move |_, _| status(code, ""));
        let place = Place::new();
        place.must_fail(place.fetch(&server), &format!("is not there (HTTP {})", &code[..3]));
        assert_eq!(server.asked(FILE).len(), 1);
    }
}

#[test]
fn a_server_that_comes_to_itself_is_fine() {
    for code in ["500 Internal Server Error", "503 Slow Down", "429 Too Many Requests"] {
        let server = serving(move |asked, before| match before {
            0..3 => status(code, ""),
            _ => honest(asked, &BODY, "\"one\""),
        });
        let place = Place::new();
        place.must_have(place.fetch(&server), &BODY);
    }
}

#[test]
fn a_server_that_stays_ill_is_given_up_after_five_tries() {
    let server = serving(|_, _| status("503 Slow Down", "Retry-After: 86400\r\n"));
    let place = Place::new();
    let error = place.must_fail(place.fetch(&server), "answered with HTTP 503; given up after 5 tries");
    assert_eq!(server.asked(FILE).len(), 5);
    assert!(error.doing[0].starts_with("downloading https://localhost:"), "{error}");
}

#[test]
fn a_pause_that_a_server_asks_for_is_kept() {
    let server = serving(|asked, before| match before {
        0 => status("429 Too Many Requests", "Retry-After: 1\r\n"),
        _ => honest(asked, &BODY, "\"one\""),
    });
    let mut place = Place::new();
    place.limits.longest_pause = Duration::from_secs(2);
    let began = Instant::now();
    place.must_have(place.fetch(&server), &BODY);
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_server_that_falls_silent_is_left_and_taken_up_again() {
    let server = serving(|asked, before| {
        let reply = honest(asked, &BODY, "\"one\"");
        Reply { stall: Duration::from_millis(if before == 0 { 3000 } else { 0 }), ..reply }
    });
    let place = Place::new();
    place.must_have(place.fetch(&server), &BODY);
    assert_eq!(server.asked(FILE)[1].from, Some(BODY.len() - 1));
}

#[test]
fn a_server_that_is_always_silent_is_given_up() {
    let server =
        serving(|_, _| Reply { stall: Duration::from_secs(3), body: b"HTTP".into(), ..Reply::default() });
    let place = Place::new();
    let error = place.must_fail(place.fetch(&server), "given up after 5 tries");
    assert!(error.what.contains("timed out"), "{error}");
}

#[test]
fn a_file_that_never_ends_is_left() {
    let server = serving(|_, _| Reply {
        head: "HTTP/1.1 200 OK\r\n\r\n".into(),
        endless: 64 << 20,
        ..Reply::default()
    });
    let mut place = Place::new();
    place.limits.largest = 1 << 20;
    place.must_fail(place.fetch(&server), "far too large for a package");
    assert_eq!(server.asked(FILE).len(), 1);
}

#[test]
fn a_signature_that_never_ends_is_left_before_the_file_is_asked_for() {
    let server = Server::start(|_, _| Reply {
        head: "HTTP/1.1 200 OK\r\n\r\n".into(),
        endless: 64 << 20,
        ..Reply::default()
    });
    let place = Place::new();
    place.must_fail(place.fetch(&server), "which is far too large");
    assert_eq!(server.asked(FILE), []);
}

#[test]
fn a_signature_of_nobody_trusted_costs_no_download() {
    let server = Server::start(|asked, _| match asked.path.as_str() {
        SIGNATURE => honest(asked, b"no signature", "\"one\""),
        _ => honest(asked, &BODY, "\"one\""),
    });
    let place = Place::new();
    place.must_fail(place.fetch(&server), "the package's signature does not count");
    assert_eq!(server.asked(FILE), []);
}

#[test]
fn an_authority_that_is_not_trusted_is_no_matter_of_trying_again() {
    let (server, stranger) =
        (serving(|asked, _| honest(asked, &BODY, "\"one\"")), serving(|_, _| Reply::default()));
    let client = trusting(stranger.roots(), None, leads_to_https()).unwrap().build().unwrap();
    let began = Instant::now();
    let patience = (Limits { first_pause: Duration::from_secs(60), ..Limits::USUAL }, 1);
    let error = small(&client, &server.url(SIGNATURE), LARGEST_SIGNATURE, patience).unwrap_err();
    assert!(error.what.contains("certificate") && began.elapsed() < Duration::from_secs(30), "{error}");
    assert!(error.hint.unwrap().contains("clock"));
}

#[test]
fn a_full_disk_is_said_and_left_clean() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: a small disk is mounted for this, which needs root");
        return;
    }
    // In a thread of its own, so that the mount is seen by nobody else and goes with it.
    thread::spawn(|| {
        let place = Place::new();
        let folder = durable::parent(&place.destination()).to_owned();
        fs::create_dir(&folder).unwrap();
        let nothing = None::<&str>;
        if let Err(e) = unshare(CloneFlags::CLONE_NEWNS) {
            eprintln!("skipped: no mount namespace can be made here: {e}");
            return;
        }
        mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing).unwrap();
        mount(Some("tmpfs"), &folder, Some("tmpfs"), MsFlags::empty(), Some("size=256k")).unwrap();
        let server = serving(|asked, _| honest(asked, &BODY, "\"one\""));
        let error = place.must_fail(place.fetch(&server), "package.partial cannot be written: No space left");
        assert_eq!(error.hint.as_deref(), Some("make room on that disk, and run again"));
        assert_eq!(server.asked(FILE).len(), 1);
        nix::mount::umount(&folder).unwrap();
    })
    .join()
    .unwrap();
}

#[test]
fn a_server_that_drips_and_never_falls_silent_is_given_up() {
    let drip = Some((1, Duration::from_millis(20)));
    let file = serving(move |asked, _| Reply { drip, ..honest(asked, &BODY, "\"one\"") });
    let signature = Server::start(move |_, _| Reply { drip, ..signature(0) });
    let mut place = Place::new();
    // A span is short, and so is the time for all tries, since each brings something.
    place.limits.span = Duration::from_millis(200);
    place.limits.time = Duration::from_millis(700);
    let error = place.must_fail(place.fetch(&file), "bytes came in 0 s");
    assert!(error.what.contains("given up after") && file.asked(FILE).len() > 1, "{error}");
    let mut place = Place::new();
    place.limits.span = Duration::from_millis(200);
    let outcome = place.fetch(&signature);
    let error = outcome.unwrap_err();
    assert!(error.what.contains("bytes came in 0 s") && error.what.contains("5 tries"), "{error}");
    assert_eq!(place.left(), [""; 0]);
}
