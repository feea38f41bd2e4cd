//! Every format reads what is written as its example.

use bridge_core::{Span, Timestamp};
use bridge_formats::example::{Example, write};
use bridge_formats::{Clock, FORMATS, Incoming, Signing, Unsigned, generic};
use http::{HeaderMap, HeaderValue, Uri, header};

#[test]
fn each_format_reads_its_own_example() {
    let at = Timestamp(1_769_860_800_000);
    let text = "ONBOARD:a06f & more = 100% + ü 🙂";
    for format in FORMATS.iter().copied().chain([&generic::FORMAT]) {
        let example = Example { sender: "+919876543210", text, at, id: "delivery-1" };
        let written =
            write(format.name, &example).unwrap_or_else(|| panic!("{} has no example", format.name));
        let uri: Uri = format!("/sms/receive/{}?{}", format.name, written.query).parse().unwrap();
        let mut headers = HeaderMap::new();
        let (kind, body) = written.body.unwrap_or_default();
        if !kind.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        let incoming = Incoming::new(&written.method, &uri, &headers, body.as_bytes());
        let content = (format.parse)(&incoming).unwrap_or_else(|why| panic!("{}: {why:?}", format.name));
        let [sms] = content.sms.as_slice() else { panic!("{}: {content:?}", format.name) };
        assert_eq!(sms.text, text, "{}", format.name);
        assert_eq!(sms.sender.trim_start_matches('+'), "919876543210", "{}", format.name);
        let stamped = (format.clock != Clock::None).then_some(at);
        assert_eq!(sms.stamp.as_ref().and_then(|stamp| stamp.moment(None)), stamped, "{}", format.name);
        assert!(written.method != http::Method::GET || format.takes_get, "{}", format.name);
        let another = Example { id: "delivery-2", at: at + Span(1_000), ..example };
        assert_ne!(write(format.name, &another), write(format.name, &example), "{}", format.name);
    }
    assert_eq!(write("no such format", &Example { sender: "", text: "", at, id: "" }), None);
}

/// What is signed as a sender signs is let in as one's own, and nobody else's key is.
#[test]
fn each_format_that_signs_verifies_its_own_example() {
    let at = Timestamp(1_769_860_800_000);
    let keys = |key: &str| [key.to_owned()];
    let mut signing_formats = 0;
    for format in FORMATS.iter().copied().chain([&generic::FORMAT]) {
        let (Some(verify), Some(sign)) = (format.verify, format.sign) else { continue };
        signing_formats += 1;
        let path = format!("/sms/receive/{}?receiver=hall", format.name);
        let urls = [format!("https://sms.example.org{path}")];
        let example = Example { sender: "+919876543210", text: "a & b = ü 🙂", at, id: "d1" };
        let mut written = (format.example)(&example);
        let (right, wrong) = (keys("k3y/of+the hall"), keys("another"));
        sign(&mut written, &Signing { keys: &right, now: at, any_time: false, urls: &urls });
        let uri: Uri = match written.query.as_str() {
            "" => path.parse().unwrap(),
            query => format!("{path}&{query}").parse().unwrap(),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &written.headers {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let (kind, body) = written.body.clone().unwrap_or_default();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let incoming = Incoming::new(&written.method, &uri, &headers, body.as_bytes());
        let verified =
            |keys: &[String]| verify(&incoming, &Signing { keys, now: at, any_time: false, urls: &urls });
        assert_eq!(verified(&right), Ok(()), "{}", format.name);
        assert_eq!(verified(&wrong), Err(Unsigned::Wrong), "{}", format.name);
        assert_eq!((format.parse)(&incoming).unwrap().sms[0].text, example.text, "{}", format.name);
    }
    assert_eq!(signing_formats, 14, "all that sign but Telnyx, whose key is its own");
}
