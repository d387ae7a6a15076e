//! Objects of S3 and files of plain hosts: ranges, entity tags, conditions, and nothing outside.

use crate::client::{Answer, Request};
use crate::rehearsal::{REPOSITORY, Rehearsal};

const S3: &str = "s3.us-east-1.amazonaws.com";

fn get(rehearsal: &Rehearsal, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::new("GET", S3, path);
    rehearsal
        .client()
        .send(&headers.iter().fold(request, |request, (name, value)| request.header(name, value)))
}

#[test]
fn a_whole_object_comes_with_length_tag_and_dates() {
    let rehearsal = Rehearsal::start();
    let content: Vec<u8> = (0..300_000_u32).map(|number| number as u8).collect();
    rehearsal.file("objects/bucket/deep/key.deb", &content);
    let answer = get(&rehearsal, "/bucket/deep/key.deb", &[]);
    assert_eq!((answer.status, answer.header("content-length")), (200, "300000"));
    assert!(answer.body == content);
    assert!(answer.header("etag").starts_with('"') && answer.header("date").ends_with("GMT"));
    let head = rehearsal.client().send(&Request::new("HEAD", S3, "/bucket/deep/key.deb"));
    assert_eq!((head.header("content-length"), head.body.len()), ("300000", 0));
    assert_eq!(head.header("etag"), answer.header("etag"));
    assert_eq!(get(&rehearsal, "/bucket/deep%2Fkey.deb", &[]).status, 404);
}

#[test]
fn an_interrupted_download_resumes_while_the_tag_is_the_same() {
    let rehearsal = Rehearsal::start();
    rehearsal.file("objects/bucket/key", b"0123456789");
    let tag = get(&rehearsal, "/bucket/key", &[]).header("etag").to_owned();
    let rest = get(&rehearsal, "/bucket/key", &[("Range", "bytes=4-"), ("If-Range", &tag)]);
    assert_eq!((rest.status, rest.header("content-range")), (206, "bytes 4-9/10"));
    assert_eq!(rest.body, b"456789");
    rehearsal.file("objects/bucket/key", b"another content");
    let anew = get(&rehearsal, "/bucket/key", &[("Range", "bytes=4-"), ("If-Range", &tag)]);
    assert_eq!((anew.status, anew.body), (200, b"another content".to_vec()));
    assert_eq!(get(&rehearsal, "/bucket/key", &[("If-Match", &tag)]).status, 412);
    let outside = get(&rehearsal, "/bucket/key", &[("Range", "bytes=99-")]);
    assert_eq!((outside.status, outside.header("content-range")), (416, "bytes */15"));
}

#[test]
fn what_is_not_there_is_named_as_s3_names_it() {
    let rehearsal = Rehearsal::start();
    rehearsal.file("objects/bucket/key", b"content");
    rehearsal.file("outside", b"secret");
    for (path, code) in [
        ("/bucket/other", "NoSuchKey"),
        ("/bucket", "NoSuchKey"),
        ("/other/key", "NoSuchBucket"),
        ("/bucket/../../outside", "NoSuchKey"),
        ("/bucket/..%2F..%2Foutside", "NoSuchKey"),
        ("/%2e%2e/outside", "NoSuchBucket"),
    ] {
        let answer = get(&rehearsal, path, &[]);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains(&format!("<Code>{code}</Code>")), "{path}: {}", answer.text());
    }
}

#[test]
fn a_plain_host_serves_by_both_doors_and_knows_what_has_not_changed() {
    let rehearsal = Rehearsal::start();
    rehearsal.file("repository/dists/InRelease", b"signed");
    let request = Request::new("GET", REPOSITORY, "/dists/InRelease");
    let answer = rehearsal.client().send_plain(&request);
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"signed".as_slice()));
    assert_eq!(rehearsal.client().send(&request).body, b"signed");
    let again = request.header("If-Modified-Since", answer.header("last-modified"));
    let unchanged = rehearsal.client().send_plain(&again);
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
}

#[test]
fn a_host_that_is_not_simulated_is_sent_away() {
    let rehearsal = Rehearsal::start();
    let answer = rehearsal.client().send_plain(&Request::new("GET", "example.org", "/"));
    assert_eq!(answer.status, 421);
}
