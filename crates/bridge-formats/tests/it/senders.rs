//! A number is that number whichever way it comes, or no number at all: never another one (decisions.md D42). Over JSON
//! texts and numbers, forms, queries and tables, for a number of every country that has an example.

use bridge_core::Mobile;
use bridge_core::phone::{BareDigits, NumberStyle, example_mobile, is_calling_code};
use bridge_formats::export::{Held, Kind, Rows};
use proptest::prelude::*;

use crate::table::{Request, Sender};

fn any_number() -> impl Strategy<Value = Mobile> {
    let codes: Vec<String> =
        (1..1000).map(|code| code.to_string()).filter(|code| is_calling_code(code)).collect();
    let of = |code: &String| (1..10_000).filter_map(|n| example_mobile(code, n)).find(is_assigned);
    let all: Vec<Mobile> = codes.iter().filter_map(of).collect();
    assert!(all.len() > 150, "{}", all.len());
    (0..all.len(), 0_u32..10_000).prop_map(move |(at, n)| {
        let varied = example_mobile(all[at].calling_code(), n);
        varied.filter(is_assigned).unwrap_or_else(|| all[at].clone())
    })
}

/// Does its plan have it? `6838880000` is nobody's in Niue, and without its plus rightly an Indian's.
fn is_assigned(number: &Mobile) -> bool {
    NumberStyle::told_by(number.e164(), "91") == Some(NumberStyle::E164)
}

fn read(text: &str) -> Option<Mobile> {
    Mobile::parse(text, "91", BareDigits::InternationalFirst).ok()
}

/// The senders of one delivery in the generic format, read as numbers.
fn delivered(request: &Request) -> Option<Mobile> {
    let content = Sender::named("generic").reads(request).ok()?;
    read(&content.sms.first()?.sender)
}

fn listed(kind: Kind, list: &str) -> Option<Mobile> {
    let mut rows = Rows::new(Some(kind));
    rows.push(list.as_bytes());
    rows.end();
    match rows.next_row().ok()??.held {
        Held::Sms(sms) => read(&sms.delivered.sender),
        Held::Skipped(_) | Held::Unusable(_) => None,
    }
}

/// As JSON and spreadsheets may write its digits: whole, with a fraction of nothing, with an exponent and all digits, and
/// rounded to fewer.
fn writings(digits: &str) -> Vec<String> {
    let (first, rest) = digits.split_at(1);
    let power = rest.len();
    let mut all = vec![
        digits.to_owned(),
        format!("{digits}.0"),
        format!("{digits}.00"),
        format!("{first}.{rest}e{power}"),
        format!("{first}.{rest}E+{power}"),
        format!("{digits}.5"),
    ];
    all.extend((1..rest.len()).map(|kept| format!("{first}.{}E+{power}", &rest[..kept])));
    all
}

proptest! {
    #[test]
    fn no_way_of_writing_makes_another_number(number in any_number()) {
        let digits = number.e164().trim_start_matches('+');
        let never_another = |read: Option<Mobile>, written: &str, way: &str| {
            prop_assert!(read.as_ref().is_none_or(|read| *read == number), "{} of {}: {:?}", way, written, read.map(|m| m.e164().to_owned()));
            Ok(())
        };
        for written in writings(digits) {
            never_another(delivered(&Request::json(format!(r#"{{"from":{written},"text":"a"}}"#))), &written, "a number of JSON")?;
            never_another(delivered(&Request::json(format!(r#"{{"from":"{written}","text":"a"}}"#))), &written, "a text of JSON")?;
            never_another(delivered(&Request::form(format!("from={written}&text=a"))), &written, "a form")?;
            let time = "2026-01-31T12:00:00Z";
            for cell in [written.clone(), format!("\"{written}\""), format!("'{written}"), format!("\"=\"\"{written}\"\"\"")] {
                never_another(listed(Kind::Csv, &format!("from,text,timestamp\n{cell},a,{time}\n")), &cell, "a table")?;
            }
            never_another(listed(Kind::Ndjson, &format!(r#"{{"from":{written},"text":"a","timestamp":"{time}"}}"#)), &written, "a line of JSON")?;
        }
        // And where all of it is there, it is read.
        prop_assert_eq!(delivered(&Request::form(format!("from=%2B{digits}&text=a"))), Some(number.clone()));
        prop_assert_eq!(delivered(&Request::json(format!(r#"{{"from":"+{digits}","text":"a"}}"#))), Some(number.clone()));
        let guarded = format!("from,text,timestamp\n\"=\"\"+{digits}\"\"\",a,2026-01-31T12:00:00Z\n");
        prop_assert_eq!(listed(Kind::Csv, &guarded), Some(number.clone()));
    }
}
