//! Every format reads what is written as its example.

use bridge_core::{Span, Timestamp};
use bridge_formats::example::{Example, write};
use bridge_formats::{Clock, FORMATS, Incoming, generic};
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
