//! Programs that the real `osslsigncode` signed, and what may be done to them on their way.

mod program;
mod signing;

use cms::cert::x509::attr::Attribute;
use cms::cert::x509::der::asn1::SetOfVec;
use jiff::SignedDuration;

use super::*;
use program::{changed, entry, places, program, program_for_32_bits, signature, with_table};
use signing::{Authority, Identity, PUBLISHER, SERVER, SIGNING_CODE, STAMPING_TIME};

/// The verdict of a machine that trusts this authority, so many days from now.
fn verdict(program: &[u8], authority: &Authority, days: i64) -> Result<Signed> {
    let (roots, publishers) = ([authority.root.clone()], ["Amazon.com Services LLC", PUBLISHER]);
    let policy = Policy { roots: &roots, publishers: &publishers };
    verify(program, &policy, Timestamp::now() + SignedDuration::from_hours(24 * days))
}

#[track_caller]
fn assert_refused(program: &[u8], authority: &Authority, why: &str) {
    assert_refused_in(0, program, authority, why);
}

#[track_caller]
fn assert_refused_in(days: i64, program: &[u8], authority: &Authority, why: &str) {
    let error = verdict(program, authority, days).unwrap_err();
    let sentence = format!("the program's signature does not count: {why}");
    assert!(error.what.starts_with(&sentence), "{} is not: {sentence}", error.what);
    assert!(error.hint.is_some_and(|hint| hint.contains("nothing was installed")));
}

/// An authority, who signs for a month, and a program that they signed.
fn signed() -> (Authority, Identity, Vec<u8>) {
    let authority = Authority::new();
    let publisher = authority.publisher(30);
    let signed = authority.signed(&program(), &publisher, &[]);
    (authority, publisher, signed)
}

#[test]
fn what_the_publisher_signed_counts_for_either_kind_of_program_and_sum() {
    let (authority, publisher, signed) = signed();
    let expected = Signed { publisher: PUBLISHER.into(), at: None };
    assert_eq!(verdict(&signed, &authority, 0).unwrap(), expected);
    for sum in ["sha384", "sha512"] {
        let signed = authority.signed(&program_for_32_bits(), &publisher, &["-h", sum]);
        assert_eq!(verdict(&signed, &authority, 0).unwrap(), expected, "{sum}");
    }
    let curves = authority.identity(PUBLISHER, SIGNING_CODE, 30);
    assert_eq!(verdict(&authority.signed(&program(), &curves, &[]), &authority, 0).unwrap(), expected);
}

#[test]
fn a_certificate_that_has_ended_counts_for_what_was_stamped_before() {
    let (authority, publisher, plain) = signed();
    assert_refused_in(40, &plain, &authority, "the certificate of who signed it was good until 20");
    let clock = authority.clock(&authority.identity("Clock", STAMPING_TIME, 3650));
    for way in ["-ts", "-t"] {
        let stamped = authority.signed(&program(), &publisher, &[way, &clock]);
        let at = verdict(&stamped, &authority, 40).unwrap().at.unwrap();
        assert!(Timestamp::now().duration_since(at).abs() < SignedDuration::from_mins(5), "{way}: {at}");
        // Of the two that came along one is the clock's, wherever it is written down.
        assert!(certificates(&stamped).unwrap().len() > certificates(&plain).unwrap().len(), "{way}");
        // Who says so needs a certificate that is still good.
        assert_refused_in(
            4000,
            &stamped,
            &authority,
            "the certificate of who says when it was signed was good until 20",
        );
        // One that is of tomorrow's tomorrow, by this machine's clock.
        assert_refused_in(
            -3,
            &stamped,
            &authority,
            "the certificate of who says when it was signed was not good",
        );
    }
}

#[test]
fn a_stamp_counts_only_of_who_may_stamp_and_for_the_signature_that_it_is_over() {
    let (authority, publisher, _) = signed();
    let strangers = Authority::new();
    let unknown = authority.clock(&strangers.identity("Clock", STAMPING_TIME, 3650));
    for way in ["-ts", "-t"] {
        let stamped = authority.signed(&program(), &publisher, &[way, &unknown]);
        let why = "no authority that this machine trusts vouches for who says when it was signed";
        assert_refused(&stamped, &authority, why);
    }
    // openssl's own token is never of a certificate for another use; the older way knows no such scruple.
    let signer = authority.clock(&authority.identity("Clock", SIGNING_CODE, 3650));
    let stamped = authority.signed(&program(), &publisher, &["-t", &signer]);
    assert_refused(&stamped, &authority, "the certificate of who says when it was signed is for another use");

    let clock = authority.clock(&authority.identity("Clock", STAMPING_TIME, 3650));
    for (way, why) in [
        ("-ts", "when it was signed is said of another signature"),
        ("-t", "it was made over something else"),
    ] {
        let stamped = |program: &[u8]| authority.signed(program, &publisher, &[way, &clock]);
        let (one, other) = (stamped(&program()), stamped(&program_for_32_bits()));
        assert_refused(&changed(&one, |it| it.signer_infos = with_additions_of(it, &other)), &authority, why);
        let twice = |it: &mut cms::signed_data::SignedData| {
            let mut signer = it.signer_infos.0.as_slice()[0].clone();
            let mut additions: Vec<Attribute> = signer.unsigned_attrs.unwrap().into_vec();
            let more = additions_of(&other);
            additions[0].values.insert(more[0].values.as_slice()[0].clone()).unwrap();
            signer.unsigned_attrs = Some(SetOfVec::try_from(additions).unwrap());
            it.signer_infos = SetOfVec::try_from(vec![signer]).unwrap().into();
        };
        assert_refused(&changed(&one, twice), &authority, "more than one says when it was signed");
    }
}

/// The signers of `data`, with what was added to the signature of `other`.
fn with_additions_of(data: &cms::signed_data::SignedData, other: &[u8]) -> cms::signed_data::SignerInfos {
    let mut signer = data.signer_infos.0.as_slice()[0].clone();
    signer.unsigned_attrs = Some(SetOfVec::try_from(additions_of(other)).unwrap());
    SetOfVec::try_from(vec![signer]).unwrap().into()
}

fn additions_of(signed: &[u8]) -> Vec<Attribute> {
    let mut additions = Vec::new();
    changed(signed, |data| {
        additions = data.signer_infos.0.as_slice()[0].unsigned_attrs.clone().unwrap().into_vec();
    });
    additions
}

#[test]
fn no_byte_of_the_program_can_be_changed_and_none_is_cut_off() {
    let (authority, _, signed) = signed();
    let (directory, table) = places(&signed);
    let checksum = 0x80 + 24 + 64;
    for at in (0..table).filter(|at| !(checksum..checksum + 4).contains(at)) {
        let mut program = signed.clone();
        program[at] ^= 0x40;
        verdict(&program, &authority, 0).expect_err(&format!("byte {at:#x} of the program was changed"));
    }
    for end in 0..signed.len() {
        verdict(&signed[..end], &authority, 0).expect_err(&format!("it ends with byte {end:#x}"));
    }
    // The sum over a program on disk: whoever changes that alone changes nothing that is run.
    let mut program = signed.clone();
    program[checksum] ^= 0x40;
    verdict(&program, &authority, 0).unwrap();
    assert!(directory > checksum);
}

#[test]
fn nothing_is_hidden_behind_a_signature_or_in_it() {
    let (authority, _, signed) = signed();
    assert_refused(&[&signed[..], &[0; 8]].concat(), &authority, "there is something behind its signature");
    let signature = signature(&signed);
    // Some count what fills up eight bytes to the entry, some do not.
    let filling = vec![0; signature.len().next_multiple_of(8) - signature.len()];
    for filling in [&filling[..], &[]] {
        verdict(&with_table(&signed, &entry(&signature, filling)), &authority, 0).unwrap();
    }
    for padding in [&[0, 0, 1][..], &[0; 16]] {
        let padded = with_table(&signed, &entry(&signature, padding));
        assert_refused(&padded, &authority, "something is hidden in its padding");
    }
    let twice = [entry(&signature, &[]), entry(&signature, &[])].concat();
    assert_refused(&with_table(&signed, &twice), &authority, "the file has more than one signature");
    let mut of_another_kind = entry(&signature, &[]);
    of_another_kind[6] = 1;
    assert_refused(&with_table(&signed, &of_another_kind), &authority, "it is of a kind that is not known");
    let mut endless = entry(&signature, &[]);
    endless[2] = 0xff;
    assert_refused(&with_table(&signed, &endless), &authority, "the table of its signature is broken");
    assert_refused(&signed[..signed.len() - 8], &authority, "the file ends within its signature");
}

#[test]
fn two_signers_are_none_and_none_are_none() {
    let (authority, publisher, signed) = signed();
    let other = authority.signed(&program_for_32_bits(), &publisher, &[]);
    let mut more = Vec::new();
    changed(&other, |data| more = data.signer_infos.0.clone().into_vec());
    let both = changed(&signed, |data| {
        let signers = [data.signer_infos.0.clone().into_vec(), more].concat();
        data.signer_infos = SetOfVec::try_from(signers).unwrap().into();
    });
    assert_refused(&both, &authority, "more than one signed it");
    let nobody = changed(&signed, |data| data.signer_infos = SetOfVec::new().into());
    assert_refused(&nobody, &authority, "nobody signed it");
}

#[test]
fn a_further_signature_within_the_first_neither_helps_nor_harms() {
    let (authority, publisher, signed) = signed();
    // As those have that older systems are to understand: the one that counts there is the first.
    let nested = authority.signed(&signed, &publisher, &["-nest", "-h", "sha512"]);
    verdict(&nested, &authority, 0).unwrap();
    let strangers = Authority::new();
    let theirs = strangers.signed(&program(), &strangers.publisher(30), &[]);
    let ours_within = strangers.signed(&theirs, &publisher, &["-nest"]);
    let why = "no authority that this machine trusts vouches for who signed it";
    assert_refused(&ours_within, &authority, why);
}

#[test]
fn a_signature_of_another_program_or_sum_does_not_count() {
    let (authority, publisher, signed) = signed();
    let mut other = program();
    other[0x210] ^= 1;
    let other = authority.signed(&other, &publisher, &[]);
    let taken = with_table(&signed, &entry(&signature(&other), &[]));
    assert_refused(&taken, &authority, "the file is not what was signed");
    let weak = authority.signed(&program(), &publisher, &["-h", "sha1"]);
    assert_refused(&weak, &authority, "it is over SHA-1, and at least SHA-256 is asked for");
}

#[test]
fn nobody_else_counts_nor_anybody_with_a_certificate_for_another_use() {
    let (authority, ..) = signed();
    let by = |identity: &Identity| authority.signed(&program(), identity, &[]);
    let mallory = authority.identity("Amazon Web Services", SIGNING_CODE, 30);
    let why = "it was signed by Amazon Web Services, and not by Amazon.com Services LLC or Amazon Web Services, Inc.";
    assert_refused(&by(&mallory), &authority, why);
    let server = authority.identity(PUBLISHER, SERVER, 30);
    assert_refused(&by(&server), &authority, "the certificate of who signed it is for another use");
    let strangers = Authority::new();
    let theirs = strangers.signed(&program(), &strangers.publisher(30), &[]);
    let why = "no authority that this machine trusts vouches for who signed it";
    assert_refused(&theirs, &authority, why);
    let nobody = Policy { roots: &[], publishers: &[PUBLISHER] };
    let error = verify(&by(&authority.publisher(30)), &nobody, Timestamp::now()).unwrap_err();
    assert!(error.what.ends_with(why), "{}", error.what);
    let early = by(&authority.publisher(30));
    assert_refused_in(-10, &early, &authority, "the certificate of who signed it was not good before 20");
}

#[test]
fn what_is_not_signed_or_no_program_at_all_is_refused() {
    let authority = Authority::new();
    for unsigned in [program(), program_for_32_bits()] {
        assert_refused(&unsigned, &authority, "the file is not signed");
    }
    for other in [&b""[..], b"MZ", b"\x7fELF", &[b'M'; 4096]] {
        assert_refused(other, &authority, "the file is no program for Windows");
    }
}
