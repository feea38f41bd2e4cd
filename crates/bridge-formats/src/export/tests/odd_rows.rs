//! Rows that are cut, spoilt, nested or like something else, and what is told of them.

use super::*;

#[test]
fn an_entry_of_the_inbox_with_values_of_the_wrong_kind_is_none() {
    for wrong in [r#""simNumber":{"a":1}"#, r#""id":[]"#] {
        let entry =
            format!(r#"[{{"type":"SMS","sender":"+1","contentPreview":"x","createdAt":"{NOON}",{wrong}}}]"#);
        let read = read(&entry);
        assert!(read[0].contains("must be a text, not "), "{read:?}");
    }
}

/// The stamp that an SMS carries is one of those that its list has of it.
#[test]
fn every_kind_of_list_gives_an_sms_one_of_its_stamps() {
    let own = format!(r#"{{"from":"+1","text":"x","timestamp":"{NOON}"}}"#);
    for list in [INBOX.to_owned(), backup(&element("1", "x", "1769860799000")), own] {
        let rows = rows(None, list.as_bytes(), usize::MAX).unwrap();
        let Held::Sms(first) = &rows[0].held else { panic!("{rows:?}") };
        let stamp = first.delivered.stamp.as_ref();
        assert!(stamp.is_some() && first.stamps().any(|one| Some(one) == stamp), "{first:?}");
    }
}

#[test]
fn spaces_of_a_text_stay_in_a_line_of_json() {
    let lines = format!(" \t{{ \"from\": \"+1\",  \"text\": \"a b\tc\", \"timestamp\": \"{NOON}\" }}\n");
    assert_eq!(read(&lines), [format!("1 +1|a b\tc|-|{NOON}")]);
}

#[test]
fn what_stands_before_an_array_or_object_spoils_it() {
    let one = format!(r#"{{"from":"+1","text":"x","timestamp":"{NOON}"}}"#);
    for (before, after) in [("a [", "]"), ("a", ""), ("[a", "]")] {
        let list = format!("{before}{one}{after}\n{one}");
        let rows = rows(Some(Kind::Json), list.as_bytes(), usize::MAX).unwrap_or_default();
        let whole = rows.iter().filter(|row| matches!(row.held, Held::Sms(_))).count();
        assert!(whole <= 1, "{list}: {rows:?}");
    }
    let rows = rows(Some(Kind::Json), b"[]\n\"a", usize::MAX).unwrap();
    assert_eq!(told(&rows[0]), "2 the row is cut short: the file ends in the middle of it");
}

#[test]
fn a_row_that_is_never_closed_is_kept_up_to_where_the_next_begins() {
    let table = format!("from,text,timestamp\n+1,\"open,{NOON}\n+9,x,{NOON}\n");
    let read = rows(None, table.as_bytes(), usize::MAX).unwrap();
    assert_eq!(String::from_utf8_lossy(&read[0].raw), format!("+1,\"open,{NOON}\n"));
    let open = element("1", "a", "0").replace("body=\"a\"", "body=\"a");
    let backup = backup(&format!("{open}\n{}", element("1", "b", "0")));
    let read = rows(None, backup.as_bytes(), usize::MAX).unwrap();
    assert_eq!(told(&read[0]), "5 the row is never closed");
    assert_eq!(String::from_utf8_lossy(&read[0].raw), format!("{open}\n"));
}

#[test]
fn the_columns_that_are_told_are_those_of_the_separator_that_finds_most() {
    let told = |list: &[u8]| rows(None, list, usize::MAX).unwrap_err().detail;
    assert!(told(b"a;b;c\n1;2;3\n").ends_with(r#"found are "a", "b", "c""#));
    assert!(told(b"a,b;c\n").ends_with(r#"found are "a", "b;c""#), "the first of two that find as many");
}

#[test]
fn comments_and_other_elements_of_a_backup_are_passed_over() {
    let sms = element("1", "x", "0");
    let expected = ["5 +919876543210|x|-|2026-01-31T12:00:00.25Z"];
    for before in ["<!-- <sms /> -->", "<!---> <sms /> -->", "<ab-c d=\"1\" />", "<a--b c=\"1\" />"] {
        assert_eq!(read(backup(&format!("{before}{sms}"))), expected, "{before}");
    }
}

/// What somebody really sent under such a name was rounded by nobody: a list of ours says so (D42, D46).
#[test]
fn a_sender_like_a_rounded_number_is_told_from_a_rounded_number() {
    for sender in ["4.47911E+11", "447911123456.5"] {
        let expected = [format!("2 {sender}|x|-|{NOON}")];
        let cell = crate::formula::guarded(sender);
        assert_eq!(
            read(format!("mobile_number,sms_message,received_timestamp\n{cell},x,{NOON}\n")),
            expected
        );
        let ours = format!(
            "[\n{{\"sms_id\":\"e\",\"mobile_number\":\"{sender}\",\"sms_message\":\"x\",\"received_timestamp\":\"{NOON}\"}}]"
        );
        assert_eq!(read(&ours), expected, "{ours}");
        let theirs = ours.replace("\"sms_id\":\"e\",", "");
        assert_eq!(read(theirs), ["2 sender_number was rounded by a spreadsheet: import the original file"]);
    }
}
