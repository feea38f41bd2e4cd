//! What Gammu SMSD tells its RunOnReceive hook: environment variables and arguments in, the SMS of the event out.
//! Pure. One event is one message; its parts have numbers from 1.
//!
//! Known of Gammu: 1.42 gives no time stamp, newer ones give `SMS_n_TIMESTAMP`; the files backend writes the stamp
//! of the network, without its zone, into the file names that are the arguments. `DECODED_n_TEXT` is there for
//! concatenated messages only, `SMS_n_TEXT` not for binary ones.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use bridge_core::Timestamp;

use super::sms::Found;

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// What was received.
    pub(super) sms: Vec<Found>,
    /// The modem, where it has a name.
    pub(super) phone_id: Option<String>,
    /// What the operator should know; no number and no text is in it.
    pub(super) remarks: Vec<String>,
}

/// The zone in which a network stamps, like `+05:30`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Zone(String);

impl Zone {
    /// Reads `+05:30`, `-03:00` or `Z`.
    pub(super) fn parse(text: &str) -> Option<Zone> {
        let any_day = |zone: &str| Timestamp::parse(&format!("2026-01-01T00:00:00{zone}"));
        let has_sign = text == "Z" || text.starts_with(['+', '-']);
        (has_sign && any_day(text).is_ok()).then(|| Zone(text.to_owned()))
    }
}

#[derive(Default)]
struct Part {
    number: Option<String>,
    text: Option<String>,
    timestamp: Option<String>,
}

#[derive(Default)]
struct Variables {
    messages: Option<String>,
    phone_id: Option<String>,
    /// Whether the daemon can write other letters than those of ASCII.
    is_utf8: bool,
    parts: BTreeMap<u32, Part>,
    decoded: BTreeMap<u32, String>,
}

/// Is this an event of Gammu at all?
pub(super) fn is_event(environment: &[(OsString, OsString)]) -> bool {
    environment.iter().any(|(name, _)| name == "SMS_MESSAGES")
}

/// Reads an event. `arguments` are what Gammu appends to the command: file names or row numbers.
pub(super) fn read(
    environment: &[(OsString, OsString)],
    arguments: &[OsString],
    zone: Option<&Zone>,
) -> Event {
    let mut variables = sorted(environment);
    let mut event = Event { phone_id: variables.phone_id.take(), ..Event::default() };
    event.remarks.extend(check_count(&mut variables));
    let decoded = String::from_iter(variables.decoded.into_values());
    let messages = by_sender(variables.parts);
    // Decoded texts do not say whose they are: more than one sender is not what Gammu calls one event.
    let decoded = (messages.len() == 1 && !decoded.is_empty()).then_some(decoded);
    for (from, parts) in messages {
        let first = parts.first().map_or(1, |(number, _)| *number);
        let stamped = parts.iter().find_map(|(_, part)| stamp(part.timestamp.as_deref()?));
        let named = argument(arguments, first).and_then(stamp_in_name);
        let joined = || parts.iter().filter_map(|(_, part)| part.text.as_deref()).collect();
        let text: String = decoded.clone().unwrap_or_else(joined);
        if parts.iter().all(|(_, part)| part.text.is_none()) && decoded.is_none() {
            event.remarks.push("an SMS has no text (a binary one): it is handed over empty".to_owned());
        }
        if !variables.is_utf8 && text.contains('?') {
            event.remarks.push(
                "letters beyond ASCII may have become \"?\": start gammu-smsd with LANG=C.UTF-8".to_owned(),
            );
        }
        let mark = match (stamped, &named) {
            (Some(stamp), _) => stamp.to_string(),
            (None, Some(named)) => named.clone(),
            (None, None) => String::new(),
        };
        let stamp = stamped.or_else(|| {
            let (named, Zone(zone)) = (named?, zone?);
            Timestamp::parse(&format!("{named}{zone}")).ok()
        });
        event.sms.push(Found { from, text, stamp, mark });
    }
    event
}

fn sorted(environment: &[(OsString, OsString)]) -> Variables {
    let mut variables = Variables::default();
    // In the order in which the C library asks; the first that is set decides.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| {
        let found = environment.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| readable(value).to_ascii_uppercase())
    });
    variables.is_utf8 = locale.is_some_and(|locale| locale.contains("UTF-8") || locale.contains("UTF8"));
    for (name, value) in environment {
        let Some(name) = name.to_str() else { continue };
        if name == "SMS_MESSAGES" {
            variables.messages = Some(readable(value));
        } else if name == "PHONE_ID" && !value.is_empty() {
            variables.phone_id = Some(readable(value));
        } else if let Some((number, field)) = numbered(name, "SMS_") {
            let value = Some(readable(value));
            match field {
                "NUMBER" => variables.parts.entry(number).or_default().number = value,
                "TEXT" => variables.parts.entry(number).or_default().text = value,
                "TIMESTAMP" => variables.parts.entry(number).or_default().timestamp = value,
                _ => {}
            }
        } else if let Some((number, "TEXT")) = numbered(name, "DECODED_") {
            variables.decoded.insert(number, readable(value));
        }
    }
    variables.parts.retain(|_, part| part.number.is_some() || part.text.is_some());
    variables
}

/// The number and the field of `SMS_12_TEXT`.
fn numbered<'a>(name: &'a str, prefix: &str) -> Option<(u32, &'a str)> {
    let (number, field) = name.strip_prefix(prefix)?.split_once('_')?;
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    Some((number.parse().ok().filter(|_| is_plain)?, field))
}

/// What is there counts, not what was announced; parts beyond the count are of an older event.
fn check_count(variables: &mut Variables) -> Option<String> {
    let there = variables.parts.len();
    let count = variables.messages.as_deref().and_then(|text| text.trim().parse::<u32>().ok());
    let Some(count) = count.filter(|count| *count > 0) else {
        return Some(format!("SMS_MESSAGES is no number of messages: the {there} that are there are taken"));
    };
    variables.parts.retain(|number, _| *number <= count);
    let there = variables.parts.len();
    let is_short = u32::try_from(there).is_ok_and(|there| there < count);
    is_short.then(|| format!("SMS_MESSAGES announces {count}, {there} are there: a part may be missing"))
}

type Parts = Vec<(u32, Part)>;

/// Parts of one sender are one message, in their order.
fn by_sender(parts: BTreeMap<u32, Part>) -> Vec<(String, Parts)> {
    let mut messages: Vec<(String, Parts)> = Vec::new();
    for (number, mut part) in parts {
        let from = part.number.take().unwrap_or_default();
        match messages.iter_mut().find(|(sender, _)| *sender == from) {
            Some((_, parts)) => parts.push((number, part)),
            None => messages.push((from, vec![(number, part)])),
        }
    }
    messages
}

/// Gammu says 0, or nothing, where it knows none.
fn stamp(text: &str) -> Option<Timestamp> {
    Timestamp::from_epoch(text.trim().parse().ok().filter(|seconds| *seconds > 0)?).ok()
}

fn argument(arguments: &[OsString], number: u32) -> Option<&OsStr> {
    arguments.get(usize::try_from(number).ok()?.checked_sub(1)?).map(OsString::as_os_str)
}

/// The date and time in `IN20261121_125249_00_+4915112345678_00.txt`, as `2026-11-21T12:52:49`.
fn stamp_in_name(argument: &OsStr) -> Option<String> {
    let name = argument.to_str()?.rsplit('/').next()?.strip_prefix("IN")?;
    let mut fields = name.split('_');
    let (date, time) = (fields.next()?, fields.next()?);
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(date, 8) || !digits(time, 6) || fields.next().is_none() {
        return None;
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    Some(format!("{year}-{month}-{day}T{}:{}:{}", &time[..2], &time[2..4], &time[4..]))
}

/// Bytes that are no UTF-8 are read as Latin-1, which every byte is: nothing is dropped.
pub(super) fn readable(bytes: impl AsRef<OsStr>) -> String {
    let mut text = String::new();
    for chunk in bytes.as_ref().as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| char::from(*byte)));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    const ALICE: &str = "+4915112345678";

    fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        let utf8 = [("LANG", "C.UTF-8"), ("PATH", "/bin"), ("SMS_1_CLASS", "-1"), ("SMS_1_REFERENCE", "0")];
        utf8.iter().chain(pairs).map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn read(pairs: &[(&str, &str)], arguments: &[&str], zone: Option<&str>) -> Event {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let zone = zone.map(|zone| Zone::parse(zone).unwrap());
        super::read(&environment(pairs), &arguments, zone.as_ref())
    }

    fn texts(event: &Event) -> Vec<(&str, &str)> {
        event.sms.iter().map(|found| (found.from.as_str(), found.text.as_str())).collect()
    }

    /// What 1.42 gives for one SMS.
    fn single(text: &str) -> [(&str, &str); 5] {
        [
            ("SMS_MESSAGES", "1"),
            ("SMS_1_NUMBER", ALICE),
            ("SMS_1_TEXT", text),
            ("PHONE_ID", ""),
            ("DECODED_PARTS", "0"),
        ]
    }

    #[test]
    fn reads_one_sms() {
        let event = read(&single("grüß 漢字"), &["IN20261121_125249_00_+4915112345678_00.txt"], None);
        let mark = "2026-11-21T12:52:49".to_owned();
        let found = Found { from: ALICE.into(), text: "grüß 漢字".into(), stamp: None, mark };
        assert_eq!(event, Event { sms: vec![found], phone_id: None, remarks: vec![] });
    }

    #[test]
    fn joins_the_parts_of_a_long_one() {
        let parts = [
            ("SMS_MESSAGES", "3"),
            ("SMS_3_NUMBER", ALICE),
            ("SMS_3_TEXT", "c"),
            ("SMS_1_NUMBER", ALICE),
            ("SMS_1_TEXT", "a"),
            ("SMS_2_NUMBER", ALICE),
            ("SMS_2_TEXT", "b"),
        ];
        assert_eq!(texts(&read(&parts, &[], None)), [(ALICE, "abc")], "in the order of their numbers");
        let decoded = [("DECODED_PARTS", "2"), ("DECODED_2_TEXT", "C"), ("DECODED_1_TEXT", "AB")];
        let decoded = read(&[&parts[..], &decoded].concat(), &[], None);
        assert_eq!(texts(&decoded), [(ALICE, "ABC")], "Gammu's own joining wins");
        assert!(decoded.remarks.is_empty());
    }

    #[test]
    fn two_senders_are_two_sms() {
        let event = read(
            &[
                ("SMS_MESSAGES", "3"),
                ("SMS_1_NUMBER", ALICE),
                ("SMS_1_TEXT", "a1 "),
                ("SMS_2_NUMBER", "+4915100000002"),
                ("SMS_2_TEXT", "b"),
                ("SMS_3_NUMBER", ALICE),
                ("SMS_3_TEXT", "a2"),
                ("DECODED_1_TEXT", "whose?"),
                ("PHONE_ID", "modem-a"),
            ],
            &[],
            None,
        );
        assert_eq!(texts(&event), [(ALICE, "a1 a2"), ("+4915100000002", "b")]);
        assert_eq!(event.phone_id.as_deref(), Some("modem-a"));
    }

    #[test]
    fn counts_that_are_wrong_lose_nothing_and_cost_nothing() {
        for (count, remark) in [
            ("999999999", "announces 999999999, 1 are there"),
            ("4294967295", "announces 4294967295, 1 are there"),
            ("99999999999999999999", "no number of messages"),
            ("-1", "no number of messages"),
            ("0", "no number of messages"),
            ("", "no number of messages"),
            ("many", "no number of messages"),
            ("2", "announces 2, 1 are there: a part may be missing"),
        ] {
            let event =
                read(&[("SMS_MESSAGES", count), ("SMS_1_NUMBER", ALICE), ("SMS_1_TEXT", "hi")], &[], None);
            assert_eq!(texts(&event), [(ALICE, "hi")], "{count}");
            assert!(event.remarks.len() == 1 && event.remarks[0].contains(remark), "{event:?}");
        }
        let empty = read(&[("SMS_MESSAGES", "999999999")], &[], None);
        assert!(empty.sms.is_empty());
    }

    #[test]
    fn takes_what_is_there() {
        for (case, pairs, expected) in [
            (
                "a gap",
                vec![
                    ("SMS_1_NUMBER", ALICE),
                    ("SMS_1_TEXT", "a"),
                    ("SMS_3_TEXT", "c"),
                    ("SMS_3_NUMBER", ALICE),
                ],
                vec![(ALICE, "ac")],
            ),
            ("no number", vec![("SMS_1_TEXT", "a")], vec![("", "a")]),
            ("no text", vec![("SMS_1_NUMBER", "ALDI")], vec![("ALDI", "")]),
            (
                "an older event's rest",
                vec![
                    ("SMS_1_NUMBER", ALICE),
                    ("SMS_1_TEXT", "a"),
                    ("SMS_4_NUMBER", ALICE),
                    ("SMS_4_TEXT", "old"),
                ],
                vec![(ALICE, "a")],
            ),
            (
                "odd names",
                vec![
                    ("SMS_1_NUMBER", ALICE),
                    ("SMS_1_TEXT", "a"),
                    ("SMS_01_TEXT", "x"),
                    ("SMS_+2_TEXT", "x"),
                    ("SMS__TEXT", "x"),
                    ("SMS_99999999999_TEXT", "x"),
                    ("SMS_", "x"),
                    ("SMS_-1_NUMBER", "x"),
                    ("DECODED__TEXT", "x"),
                    ("DECODED_0_TEXT", "x"),
                ],
                vec![(ALICE, "a")],
            ),
        ] {
            let pairs = [&pairs[..], &[("SMS_MESSAGES", "3")]].concat();
            assert_eq!(texts(&read(&pairs, &[], None)), expected, "{case}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let mut hostile = environment(&[("SMS_MESSAGES", "1"), ("SMS_1_NUMBER", ALICE)]);
        hostile.push(("SMS_1_TEXT".into(), OsString::from_vec(b"ONBOARD:a\xff\xe9 gr\xc3\xbc\xc3".to_vec())));
        hostile.push((OsString::from_vec(b"SMS_2_TE\xffXT".to_vec()), "x".into()));
        assert!(is_event(&hostile));
        let event = super::read(&hostile, &[OsString::from_vec(b"IN\xff".to_vec())], None);
        assert_eq!(texts(&event), [(ALICE, "ONBOARD:a\u{ff}\u{e9} gr\u{fc}\u{c3}")]);
    }

    #[test]
    fn the_stamp_of_the_network_is_used_where_its_zone_is_known() {
        let name = "IN20260131_173000_00_+4915112345678_00.txt";
        let noon = Some(Timestamp(1_769_860_800_000));
        let newer = ("SMS_1_TIMESTAMP", "1769860800");
        for (case, extra, argument, zone, expected) in [
            ("a newer Gammu", Some(newer), "17", None, noon),
            ("it wins over the name", Some(newer), "IN20200101_000000_00_x_00.txt", Some("Z"), noon),
            ("by the name", None, name, Some("+05:30"), noon),
            (
                "with its folder",
                Some(("SMS_1_TIMESTAMP", "")),
                "/var/spool/IN20260131_120000_00_x_00.txt",
                Some("Z"),
                noon,
            ),
            ("the zone is not known", None, name, None, None),
            ("a row number", None, "17", Some("Z"), None),
            ("no argument", Some(("SMS_1_TIMESTAMP", "0")), "", Some("Z"), None),
            ("no such day", None, "IN20260231_120000_00_x_00.txt", Some("Z"), None),
            ("cut off", None, "IN20260131_120000", Some("Z"), None),
            ("nonsense", Some(("SMS_1_TIMESTAMP", "soon")), "IN2026é131_120000_00_x", Some("Z"), None),
        ] {
            let pairs = [&single("hi")[..], extra.as_slice()].concat();
            assert_eq!(read(&pairs, &[argument], zone).sms[0].stamp, expected, "{case}");
        }
        for zone in ["", "05:30", "+25:99", "Berlin", "+0", " Z", "-1T"] {
            assert_eq!(Zone::parse(zone), None, "{zone:?}");
        }
    }

    #[test]
    fn says_when_letters_may_be_lost() {
        let locale = |name: &str, value: &str| {
            let mut pairs: Vec<(OsString, OsString)> =
                single("gr??").iter().map(|(name, value)| (name.into(), value.into())).collect();
            pairs.push((name.into(), value.into()));
            super::read(&pairs, &[], None).remarks.len()
        };
        assert_eq!((locale("LANG", "C"), locale("LANG", ""), locale("HOME", "/")), (1, 1, 1));
        assert_eq!((locale("LANG", "C.UTF-8"), locale("LC_ALL", "en_GB.utf8")), (0, 0));
    }
}
