//! The pairs of a form, as the bytes that they stand for: what a signature is over, and texts that are
//! written in another alphabet than UTF-8.

use http::Method;

use crate::fields::decoded_bytes;
use crate::incoming::Incoming;

/// Name and value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// The pairs of the body; of a GET, those of the query. In their order, a name as often as it stands there.
pub(crate) fn sent(incoming: &Incoming<'_>) -> Vec<Pair> {
    if incoming.method == Method::GET {
        of(incoming.uri.query().unwrap_or_default().as_bytes())
    } else {
        of(incoming.form_body())
    }
}

/// The first value of that name.
pub(crate) fn value(incoming: &Incoming<'_>, name: &str) -> Option<Vec<u8>> {
    sent(incoming).into_iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value)
}

/// The pairs of a form.
pub(crate) fn of(form: &[u8]) -> Vec<Pair> {
    let pairs = form.split(|b| *b == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let mut half = || decoded_bytes(halves.next().unwrap_or_default());
            (half(), half())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_read_byte_by_byte() {
        let pair = |name: &[u8], value: &[u8]| (name.to_vec(), value.to_vec());
        assert_eq!(of(b""), []);
        assert_eq!(of(b"&&"), []);
        assert_eq!(of(b"a=1&a=2&b"), [pair(b"a", b"1"), pair(b"a", b"2"), pair(b"b", b"")]);
        assert_eq!(of(b"a+b=%00%e9%zz=+%2B"), [pair(b"a b", b"\x00\xe9%zz= +")]);
    }
}
