//! Only what was kept is told, all of it, after any end of the process and any torn file.

use bridge_core::sms::Part as SmsPart;
use bridge_core::{Span, Verdict};

use super::*;

const T0: Timestamp = Timestamp(1_769_860_800_000);

fn sms(n: u128) -> InboundSms {
    InboundSms {
        sms_id: Uuid::from_u128(n),
        sender_raw: "+919876543210".to_owned(),
        sender: Ok(bridge_core::Mobile::from_e164("+919876543210").unwrap()),
        text: format!("ONBOARD:{n}"),
        received_timestamp: T0,
        stamped: true,
        stamp_raw: None,
        clock_not_set: None,
        server_received_at: T0,
        receiver_id: "phone-1".to_owned(),
        format: "generic".to_owned(),
        line: None,
        delivery_id: None,
        clock_skew: Span(0),
        part: None,
    }
}

fn judged(n: u128) -> Entry {
    Entry::Judged(Box::new(QueuedSms {
        id: 1,
        sms: sms(n),
        fingerprint: "f".repeat(32),
        verdict: Verdict::failed_match("no_onboarding"),
        judged_at: T0,
        onboarding_id: None,
        device_id: None,
        sms_in_window: 1,
    }))
}

fn waiting(n: u128) -> Entry {
    let part = Some(SmsPart { reference: "17".to_owned(), total: 2, number: 1 });
    Entry::Waiting(Box::new(InboundSms { clock_skew: Span(-1_500), part, ..sms(n) }))
}

fn all(journal: &Journal) -> Vec<Entry> {
    let (mut found, mut after) = (Vec::new(), None);
    while let Some((part, entries)) = journal.unacknowledged(after, Due::All).unwrap() {
        found.extend(entries);
        after = Some(part);
    }
    found
}

#[tokio::test]
async fn of_what_is_settled_nothing_is_left_on_the_disk_after_a_compaction() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for entry in [judged(71), waiting(82), judged(93)] {
        journal.keep(&entry).await.unwrap();
    }
    journal.acknowledge(&[judged(71).subject()]);
    journal.compact().await.unwrap();
    let on_disk = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        let bytes = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap());
        String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
    };
    assert!(!on_disk().contains("ONBOARD:71") && on_disk().contains("ONBOARD:82"));
    assert_eq!((all(&journal), journal.waiting()), (vec![waiting(82), judged(93)], 1));
    journal.keep(&judged(94)).await.unwrap();
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(all(&journal), [waiting(82), judged(93), judged(94)]);
    journal.acknowledge(&[waiting(82).subject(), judged(93).subject(), judged(94).subject()]);
    journal.compact().await.unwrap();
    assert!(journal.is_empty() && !on_disk().contains("ONBOARD"));
}

#[tokio::test]
async fn what_is_kept_is_there_after_any_end() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for entry in [judged(1), waiting(2)] {
        journal.keep(&entry).await.unwrap();
    }
    journal.keep_soon(&judged(3)).unwrap();
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(all(&journal), [judged(1), waiting(2), judged(3)]);
    assert_eq!((journal.len(), journal.waiting()), (3, 1));
    assert!(journal.bytes() > 0);
}

#[tokio::test]
async fn what_is_settled_is_told_no_more_and_its_files_go() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for entry in [judged(1), judged(2), waiting(3)] {
        journal.keep(&entry).await.unwrap();
    }
    journal.acknowledge(&[Subject::Judged(Uuid::from_u128(1)), Subject::Judged(Uuid::from_u128(99))]);
    assert_eq!(all(&journal), [judged(2), waiting(3)]);
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(all(&journal), [judged(2), waiting(3)], "the settlement was written down");
    journal.acknowledge(&[Subject::Judged(Uuid::from_u128(2)), Subject::Judged(Uuid::from_u128(3))]);
    assert!(journal.is_empty(), "what was judged waits no longer");
    assert_eq!(journal.waiting(), 0);
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!((journal.len(), journal.bytes()), (0, 0), "nothing is left on disk");
}

#[tokio::test]
async fn a_torn_record_ends_its_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.keep(&judged(1)).await.unwrap();
    journal.keep(&judged(2)).await.unwrap();
    drop(journal);
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    let one = whole.len() / 2;
    for cut in one..whole.len() {
        std::fs::write(&file, &whole[..cut]).unwrap();
        assert_eq!(segment::read(&file).unwrap().entries, [judged(1)], "cut at {cut}");
    }
    for flip in one..whole.len() {
        let mut damaged = whole.clone();
        damaged[flip] ^= 0x10;
        std::fs::write(&file, &damaged).unwrap();
        assert_eq!(segment::read(&file).unwrap().entries, [judged(1)], "bit flipped at {flip}");
    }
    let journal = Journal::open(folder.path()).unwrap();
    journal.keep(&judged(3)).await.unwrap();
    assert_eq!(all(&journal), [judged(1), judged(3)], "a new file follows the torn one");
}

#[tokio::test]
async fn many_at_once_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let entries: Vec<Entry> = (0..500).map(judged).collect();
    let kept = futures_util::future::join_all(entries.iter().map(|entry| journal.keep(entry))).await;
    assert!(kept.iter().all(std::result::Result::is_ok));
    assert_eq!(all(&journal).len(), 500);
    let subjects: Vec<Subject> = entries.iter().map(Entry::subject).collect();
    journal.acknowledge(&subjects);
    assert!(journal.is_empty());
}

#[tokio::test]
async fn one_laggard_does_not_hold_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let long = |n: u128| {
        let text = "x".repeat(1024 * 1024);
        Entry::Waiting(Box::new(InboundSms { text, ..sms(n) }))
    };
    journal.keep(&judged(1)).await.unwrap();
    for n in 2..80 {
        journal.keep(&long(n)).await.unwrap();
        journal.acknowledge(&[Subject::Waiting(Uuid::from_u128(n))]);
    }
    assert_eq!(all(&journal), [judged(1)]);
    assert!(journal.bytes() < 64 * 1024 * 1024, "{} bytes for one entry", journal.bytes());
}

#[tokio::test]
async fn a_body_in_quarantine_comes_back_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let body = Quarantined {
        id: Uuid::from_u128(5),
        at: T0,
        receiver_id: "phone-1".to_owned(),
        format: "unknown".to_owned(),
        reason: "no JSON".to_owned(),
        content_type: "application/json".to_owned(),
        body: (0..=255).cycle().take(300_000).collect(),
        whole_bytes: None,
    };
    let entry = Entry::Quarantined(Box::new(body));
    journal.keep(&entry).await.unwrap();
    assert!(journal.bytes() < 401_000, "{} bytes", journal.bytes());
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(all(&journal), [entry]);
    assert_eq!((journal.len(), journal.waiting()), (1, 0), "it is no SMS");
    let due = Due::WaitingOrUntil(T0 - Span(1));
    assert!(journal.unacknowledged(None, due).unwrap().is_some(), "it is due at once all the same");
    journal.acknowledge(&[Subject::Judged(Uuid::from_u128(5)), Subject::Waiting(Uuid::from_u128(5))]);
    assert_eq!(journal.len(), 1);
    journal.acknowledge(&[Subject::Quarantined(Uuid::from_u128(5))]);
    assert!(journal.is_empty());
}

#[tokio::test]
async fn parts_in_which_nothing_is_due_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let is_read = |journal: &Journal, due| journal.unacknowledged(None, due).unwrap().is_some();
    journal.keep(&judged(1)).await.unwrap();
    assert!(!is_read(&journal, Due::WaitingOrUntil(T0 - Span(1))));
    assert!(is_read(&journal, Due::WaitingOrUntil(T0)) && is_read(&journal, Due::All));
    journal.keep(&waiting(2)).await.unwrap();
    assert!(is_read(&journal, Due::WaitingOrUntil(T0 - Span(1))), "what waits is always due");
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    journal.acknowledge(&[Subject::Waiting(Uuid::from_u128(2))]);
    assert!(!is_read(&journal, Due::WaitingOrUntil(T0 - Span(1))));
    assert!(is_read(&journal, Due::WaitingOrUntil(T0)), "the age of an entry outlives the process");
    journal.acknowledge(&[Subject::Judged(Uuid::from_u128(1))]);
    assert!(!is_read(&journal, Due::All));
}

#[tokio::test]
async fn an_onboarding_is_settled_up_to_a_version() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let who = bridge_core::onboarding::Applicant {
        mobile: bridge_core::Mobile::from_e164("+919876543210").unwrap(),
        email: None,
        device_id: None,
        client: None,
    };
    let settings = bridge_core::Settings::default();
    let first = Onboarding::open(who, "ONBOARD", Uuid::from_u128(7), &[0; 16], T0, &settings);
    let second = Onboarding { version: 2, ..first.clone() };
    for onboarding in [&first, &second] {
        journal.keep(&Entry::Onboarding(Box::new(onboarding.clone()))).await.unwrap();
    }
    journal.acknowledge(&[Subject::Onboarding(first.id, 1)]);
    assert_eq!(all(&journal), [Entry::Onboarding(Box::new(second))]);
    journal.acknowledge(&[Subject::Onboarding(first.id, 5)]);
    assert!(journal.is_empty());
}
