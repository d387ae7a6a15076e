//! With whatever program is there to download and to check with, and from where.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{ALWAYS_THERE, Sandbox, assert_refused, can_run, said, stdout};

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ALWAYS_THERE.iter().copied().chain(more.iter().copied()).collect()
}

#[test]
fn one_program_to_download_with_is_enough_and_without_any_nothing_is_touched() {
    if !can_run() {
        return;
    }
    for downloader in ["curl", "wget"] {
        for address in ["http", "https"] {
            let sandbox = Sandbox::new();
            let path = sandbox.search_path(&with(&["sha256sum", downloader]));
            let base = if address == "http" { sandbox.http() } else { sandbox.https() };
            let script = format!("PATH={path} LANDFALL_BASE_URL={base} /bin/sh install.sh");
            let output = sandbox.run_after(&sandbox.trusting(), &script);
            assert!(output.status.success(), "{downloader} {address}: {}", said(&output));
            assert_eq!(stdout(&output), "", "{downloader} {address}");
            assert_eq!(sandbox.left(), ["landfall"], "{downloader} {address}");
            assert_eq!(fs::read_dir(sandbox.path("home")).unwrap().count(), 0, "{downloader} {address}");
        }
    }
    let sandbox = Sandbox::new();
    let path = sandbox.search_path(&with(&["sha256sum"]));
    let output = sandbox.run(&format!("PATH={path} /bin/sh install.sh"));
    assert_refused(&output, 2, "neither curl nor wget is here");
    assert_eq!(sandbox.left().len(), 0);
}

#[test]
fn busybox_alone_is_enough() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    let applets = ALWAYS_THERE.iter().chain(&["wget"]);
    let path = sandbox.search_path(&["busybox"]);
    for applet in applets {
        std::os::unix::fs::symlink("/bin/busybox", format!("{path}/{applet}")).unwrap();
    }
    let output = sandbox.run(&format!("PATH={path} /bin/busybox sh install.sh"));
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(sandbox.left(), ["landfall"]);
}

#[test]
fn one_program_to_check_with_is_enough_and_without_any_nothing_is_downloaded() {
    if !can_run() {
        return;
    }
    for checker in ["sha256sum", "shasum", "openssl", "busybox"] {
        let sandbox = Sandbox::new();
        // shasum is a script of perl's.
        let programs =
            if checker == "shasum" { vec![checker, "curl", "perl"] } else { vec![checker, "curl"] };
        let path = sandbox.search_path(&with(&programs));
        let output = sandbox.run(&format!("PATH={path} /bin/sh install.sh"));
        assert!(output.status.success(), "{checker}: {}", said(&output));
        assert_eq!(sandbox.left(), ["landfall"], "{checker}");
        swap(&sandbox);
        let output = sandbox.run(&format!("PATH={path} /bin/sh install.sh"));
        assert_refused(&output, 1, "is not landfall 0.1.0: its SHA-256 is ");
    }
    let sandbox = Sandbox::new();
    let path = sandbox.search_path(&with(&["curl"]));
    let output = sandbox.run(&format!("PATH={path} /bin/sh install.sh"));
    assert_refused(&output, 2, "nothing is here to check a SHA-256 with");
    assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (0, 0));
}

/// Another program of the same size.
fn swap(sandbox: &Sandbox) {
    let program = sandbox.release("landfall-x86_64-linux");
    let swapped = fs::read_to_string(&program).unwrap().replace("stand-in", "evil-two");
    fs::write(&program, swapped).unwrap();
}

#[test]
fn files_that_were_carried_here_are_enough_without_a_network() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    let path = sandbox.search_path(&with(&["sha256sum"]));
    let base = format!("file://{}", sandbox.release("").display());
    let output = sandbox.run(&format!("PATH={path} LANDFALL_BASE_URL={base} /bin/sh install.sh"));
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (1, 0));
}

#[test]
fn an_address_without_tls_on_another_machine_and_one_that_only_looks_like_this_one_are_refused() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    for base in [
        "http://mirror.example/landfall",
        "http://127.0.0.1.example/",
        "http://localhost@mirror.example/",
        "http://127.0.0.1:80@mirror.example/",
        "ftp://127.0.0.1/",
        "file://host",
        "https://",
        "landfall",
        "https://mirror.example/'; touch /tmp/x; '",
        "-o/etc/passwd",
    ] {
        let output = sandbox.run(&format!("LANDFALL_BASE_URL=\"{base}\" sh install.sh --region x"));
        assert_refused(&output, 2, "LANDFALL_BASE_URL");
    }
    assert_eq!(sandbox.left().len(), 0);
}

#[test]
fn a_server_of_an_unknown_authority_is_not_asked_for_a_program() {
    if !can_run() {
        return;
    }
    for downloader in ["curl", "wget"] {
        let sandbox = Sandbox::new();
        let path = sandbox.search_path(&with(&["sha256sum", downloader]));
        let output =
            sandbox.run(&format!("PATH={path} LANDFALL_BASE_URL={} /bin/sh install.sh", sandbox.https()));
        assert_refused(&output, 1, "could not be downloaded");
        assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (0, 0), "{downloader}");
    }
}

#[test]
fn from_https_curl_goes_to_no_plain_http_and_what_wget_gets_there_is_refused_where_it_was_swapped() {
    if !can_run() {
        return;
    }
    for (downloader, sentence, asked) in
        [("curl", "could not be downloaded", 0), ("wget", "is not landfall 0.1.0: its SHA-256 is ", 1)]
    {
        let sandbox = Sandbox::new();
        swap(&sandbox);
        let path = sandbox.search_path(&with(&["sha256sum", downloader]));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // With -HTTP, a file is the whole answer. In the release's folder it would be the program.
        let home = sandbox.path("home");
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {}/landfall-x86_64-linux\r\n\r\n", sandbox.http());
        fs::write(home.join("landfall-x86_64-linux"), answer).unwrap();
        let authority = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
                         -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout ~/key -out ~/certificate 2>/dev/null; \
                         mount --bind ~/certificate /etc/ssl/certs/ca-certificates.crt";
        let script = format!(
            "(cd && exec openssl s_server -quiet -HTTP -accept 127.0.0.1:{port} -key key -cert certificate) \
             >/dev/null 2>&1 & \
             until (: </dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.1; done; \
             PATH={path} LANDFALL_BASE_URL=https://127.0.0.1:{port} /bin/sh install.sh"
        );
        let output = sandbox.run_after(authority, &script);
        assert_refused(&output, 1, sentence);
        assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (0, asked), "{downloader}");
    }
}

#[test]
fn a_wget_of_gnus_that_is_older_than_hsts_still_says_what_it_misses() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    let path = sandbox.search_path(&with(&["sha256sum"]));
    let old =
        "#!/bin/sh\nfor word; do [ \"$word\" != --no-hsts ] || exit 2; done\nexec /usr/bin/wget \"$@\"\n";
    fs::write(format!("{path}/wget"), old).unwrap();
    fs::set_permissions(format!("{path}/wget"), fs::Permissions::from_mode(0o755)).unwrap();
    let output = sandbox.run(&format!("PATH={path} /bin/sh install.sh"));
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(sandbox.left(), ["landfall"]);
    fs::remove_file(sandbox.release("landfall-x86_64-linux")).unwrap();
    let output = sandbox.run(&format!("PATH={path} /bin/sh install.sh"));
    assert_refused(&output, 1, "could not be downloaded");
    assert!(said(&output).contains("404"), "busybox's flags have it say nothing: {}", said(&output));
}
