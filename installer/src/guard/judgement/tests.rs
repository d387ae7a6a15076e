//! The table of cases.

use super::*;

const BOARD: &str = "5f1e2d3c-0000-4000-8000-000000000001";
const SAME_BOARD_OTHER_ORDER: &str = "3C2D1E5F-0000-0040-8000-000000000001";
const OTHER_BOARD: &str = "5f1e2d3c-0000-4000-8000-000000000002";
const NO_BOARD: &str = "03000200-0400-0500-0006-000700080009";
const ID: &str = "0123456789abcdef0123456789abcdef";
const OTHER_ID: &str = "fedcba9876543210fedcba9876543210";
const A: &str = "52:54:00:00:00:0a";
const B: &str = "52:54:00:00:00:0b";
const C: &str = "52:54:00:00:00:0c";

const VIRTUAL: bool = true;
const METAL: bool = false;

fn marks(id: &str, board: &str, cards: &[&str]) -> Marks {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Marks {
        machine_id: text(id),
        product_uuid: text(board),
        mac_addresses: cards.iter().map(|it| (*it).to_owned()).collect(),
        generation: None,
    }
}

fn judged(then: Marks, now: Marks, is_virtual: bool) -> Verdict {
    judge(&Record::of("mi-1", then), &Today { machine: now, is_virtual })
}

fn changed(machine: Marks) -> Verdict {
    Verdict::Changed(Record::of("mi-1", machine))
}

/// What the reasons are about, in their order.
fn copied_by(verdict: &Verdict) -> Vec<&'static str> {
    let Verdict::Copy(reasons) = verdict else { panic!("no copy: {verdict:?}") };
    let about = |reason: &String| {
        let subjects = ["product UUID", "network cards", "machine-id"];
        subjects.into_iter().min_by_key(|it| reason.find(it).unwrap_or(usize::MAX)).unwrap()
    };
    reasons.iter().map(about).collect()
}

fn full() -> Marks {
    marks(ID, BOARD, &[A, B])
}

#[test]
fn all_the_same_is_the_machine() {
    for is_virtual in [VIRTUAL, METAL] {
        assert_eq!(judged(full(), full(), is_virtual), Verdict::Same);
    }
}

#[test]
fn a_card_more_or_another_one_beside_one_that_stays_is_the_machine_and_is_learned() {
    for now in [&[A, B, C][..], &[A, C]] {
        for is_virtual in [VIRTUAL, METAL] {
            let verdict = judged(full(), marks(ID, BOARD, now), is_virtual);
            assert_eq!(verdict, changed(marks(ID, BOARD, &[A, B, C])));
        }
    }
}

#[test]
fn a_card_that_is_missing_is_not_forgotten() {
    assert_eq!(judged(full(), marks(ID, BOARD, &[B]), VIRTUAL), Verdict::Same);
}

#[test]
fn no_card_to_be_seen_early_in_a_boot_makes_no_copy() {
    assert_eq!(judged(full(), marks(ID, BOARD, &[]), VIRTUAL), Verdict::Same);
    assert_eq!(judged(marks(ID, "", &[A]), marks(ID, "", &[]), VIRTUAL), Verdict::Same);
    assert_eq!(judged(marks(ID, BOARD, &[]), full(), VIRTUAL), changed(full()), "seen for the first time");
}

#[test]
fn another_board_and_other_cards_are_a_copy() {
    for is_virtual in [VIRTUAL, METAL] {
        let verdict = judged(full(), marks(ID, OTHER_BOARD, &[C]), is_virtual);
        assert_eq!(copied_by(&verdict), ["product UUID", "network cards"]);
    }
}

#[test]
fn another_uuid_with_the_same_cards_is_a_copy_where_cards_are_made_of_nothing() {
    let now = marks(ID, OTHER_BOARD, &[A, B]);
    assert_eq!(copied_by(&judged(full(), now.clone(), VIRTUAL)), ["product UUID"]);
    assert_eq!(judged(full(), now.clone(), METAL), changed(now), "the board was replaced");
}

#[test]
fn another_uuid_without_a_card_that_vouches_is_a_copy() {
    for is_virtual in [VIRTUAL, METAL] {
        let verdict = judged(full(), marks(ID, OTHER_BOARD, &[]), is_virtual);
        assert_eq!(copied_by(&verdict), ["product UUID"]);
    }
}

#[test]
fn other_cards_alone_are_a_copy_under_an_equal_uuid_and_new_cards_on_bare_metal() {
    let now = marks(ID, BOARD, &[C]);
    assert_eq!(copied_by(&judged(full(), now.clone(), VIRTUAL)), ["network cards"]);
    assert_eq!(judged(full(), now, METAL), changed(marks(ID, BOARD, &[A, B, C])));
}

#[test]
fn other_cards_alone_are_a_copy_where_no_board_vouches() {
    for board in ["", NO_BOARD] {
        for is_virtual in [VIRTUAL, METAL] {
            let verdict = judged(marks(ID, board, &[A]), marks(ID, board, &[C]), is_virtual);
            assert_eq!(copied_by(&verdict), ["network cards"], "{board}");
        }
    }
}

#[test]
fn a_uuid_that_cannot_be_read_or_names_no_machine_does_not_count() {
    for (then, now) in [(BOARD, ""), (BOARD, NO_BOARD), (NO_BOARD, OTHER_BOARD), ("", OTHER_BOARD)] {
        let verdict = judged(marks(ID, then, &[A]), marks(ID, now, &[A]), VIRTUAL);
        assert!(!matches!(verdict, Verdict::Copy(_)), "{then} {now}: {verdict:?}");
    }
    assert_eq!(judged(full(), marks(ID, "", &[A, B]), VIRTUAL), Verdict::Same, "and is not forgotten");
}

#[test]
fn a_uuid_in_the_other_byte_order_is_the_same() {
    assert_eq!(judged(full(), marks(ID, SAME_BOARD_OTHER_ORDER, &[A, B]), VIRTUAL), Verdict::Same);
}

#[test]
fn another_machine_id_is_another_machine_for_aws_whatever_else_is_the_same() {
    for is_virtual in [VIRTUAL, METAL] {
        assert_eq!(copied_by(&judged(full(), marks(OTHER_ID, BOARD, &[A, B]), is_virtual)), ["machine-id"]);
    }
}

#[test]
fn a_machine_id_that_is_not_there_yet_proves_nothing() {
    assert_eq!(judged(full(), marks("", BOARD, &[A, B]), VIRTUAL), Verdict::Same);
}

#[test]
fn the_same_machine_id_vouches_for_nothing() {
    assert_eq!(copied_by(&judged(full(), marks(ID, BOARD, &[C]), VIRTUAL)), ["network cards"]);
}

#[test]
fn a_machine_id_from_the_hypervisors_id_follows_it_and_is_named_as_such() {
    let plain = |uuid: &str| uuid.replace('-', "");
    let then = marks(&plain(BOARD), BOARD, &[A]);
    let verdict = judged(then, marks(&plain(OTHER_BOARD), OTHER_BOARD, &[C]), VIRTUAL);
    assert_eq!(copied_by(&verdict), ["product UUID", "network cards", "machine-id"]);
    let Verdict::Copy(reasons) = verdict else { unreachable!() };
    assert!(reasons[2].ends_with("(both taken from the product UUID)"), "{}", reasons[2]);
}

#[test]
fn two_clones_under_one_uuid_are_told_apart_by_their_cards_alone() {
    let id = BOARD.replace('-', "");
    let verdict = judged(marks(&id, BOARD, &[A]), marks(&id, BOARD, &[C]), VIRTUAL);
    assert_eq!(copied_by(&verdict), ["network cards"]);
}

/// A snapshot that is put back is the very machine; one that is copied has other cards or another UUID.
#[test]
fn an_earlier_state_of_the_machine_is_the_machine() {
    let with = |generation: &str| Marks { generation: Some(generation.into()), ..full() };
    assert_eq!(judged(with("1"), with("2"), VIRTUAL), changed(with("2")));
}

#[test]
fn nothing_to_be_seen_on_either_side_is_the_machine() {
    assert_eq!(judged(marks(ID, "", &[]), marks(ID, "", &[]), VIRTUAL), Verdict::Same);
}

#[test]
fn what_was_learned_is_the_same_machine_the_next_time() {
    let Verdict::Changed(record) = judged(full(), marks(ID, BOARD, &[B, C]), VIRTUAL) else { panic!() };
    let today = Today { machine: marks(ID, BOARD, &[C]), is_virtual: VIRTUAL };
    assert_eq!(judge(&record, &today), Verdict::Same);
}
