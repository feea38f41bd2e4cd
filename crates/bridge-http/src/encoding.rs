//! What stands around a body: how it is packed (`Content-Encoding`) and whether its fields are parts (decisions.md D44). Not
//! what the fields mean. In memory, because a body is bounded before and after it is unpacked; flate2, brotli, zstd and
//! multer are what the clients of Rust use for the same.

use std::io::{BufRead, BufReader, Cursor, Read};

use axum::http::{HeaderMap, header};
use bridge_app::base::problem::{Code, Problem};
use bytes::Bytes;
use flate2::bufread;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use futures_util::stream;
use multer::Multipart;

/// What a request may be packed with.
pub(crate) const ENCODINGS: &str = "gzip, deflate, br, zstd";
/// One around the other; nobody needs more.
const LAYERS_MAX: usize = 3;
/// Of zstd: what RFC 9659 allows on the web, 8 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
const BROTLI_BUFFER_BYTES: usize = 4096;
const FORM: &str = "application/x-www-form-urlencoded";

/// A body without what stood around it.
#[derive(Debug)]
pub(crate) enum Unpacked {
    /// Its bytes.
    Body(Bytes),
    /// What it was packed with is broken.
    Broken {
        /// This says so.
        why: String,
        /// What could be unpacked; where that is nothing, what is not packed as it says.
        readable: Bytes,
    },
}

/// What a body is packed with, the last around the others.
pub(crate) fn packed_with(headers: &HeaderMap) -> Result<Vec<String>, Problem> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let named = values.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase());
    let names: Vec<String> = named.filter(|name| !name.is_empty() && name != "identity").collect();
    if names.len() > LAYERS_MAX {
        return Err(unknown("so many, one around the other,"));
    }
    let is_known = |name: &str| matches!(name, "gzip" | "x-gzip" | "deflate" | "br" | "zstd");
    match names.iter().find(|name| !is_known(name)) {
        Some(other) => Err(unknown(&format!("{other:?}"))),
        None => Ok(names),
    }
}

/// Unpacks a body up to `max` bytes.
pub(crate) fn unpacked(headers: &HeaderMap, body: Bytes, max: usize) -> Result<Unpacked, Problem> {
    let names = packed_with(headers)?;
    let mut body = body;
    let mut layers = 0;
    // The last was put around the others. What is packed and does not say so is unpacked too: no SMS begins like that.
    for said in names.iter().rev().map(String::as_str).map(Some).chain([None; LAYERS_MAX]) {
        let Some(name) = said.or_else(|| begins_packed(&body)) else { break };
        layers += 1;
        if layers > LAYERS_MAX {
            return Err(unknown("so many, one around the other,"));
        }
        let mut out = Vec::new();
        let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        if let Err(error) = unpack(name, &body, limit, &mut out) {
            // What stands between may have unpacked it, and left the header.
            if said.is_some() && is_json(&body) {
                continue;
            }
            let says = if said.is_some() { "says Content-Encoding:" } else { "begins as" };
            let why = format!("the body {says} {name}, and is not that: {error}");
            // What came is not kept as it came: nobody could find a secret in it.
            let readable = if out.is_empty() { body } else { out.into() };
            return Ok(Unpacked::Broken { why, readable });
        }
        if out.len() > max {
            return Err(Problem::new(
                Code::BodyTooLarge,
                format!("the body is larger than {max} bytes when unpacked"),
            ));
        }
        body = out.into();
    }
    Ok(Unpacked::Body(body))
}

/// It is an object of JSON, or the beginning of one.
fn is_json(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{") && std::str::from_utf8(body).is_ok()
}

/// What a body is packed with, as its first bytes say. Brotli has none of its own.
fn begins_packed(body: &[u8]) -> Option<&'static str> {
    match body {
        [0x1f, 0x8b, 8, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        // The second byte is none that a text has after an `x`.
        [0x78, 0x01 | 0x9c | 0xda, ..] => Some("deflate"),
        _ => None,
    }
}

/// A body that nobody can read, as it is kept: where it is no text and turns out to be packed, what it holds.
pub(crate) fn for_keeping(body: Bytes, max: usize) -> Bytes {
    if std::str::from_utf8(&body).is_ok() {
        return body;
    }
    let mut out = Vec::new();
    let unpacked = unpack("br", &body, u64::try_from(max).unwrap_or(u64::MAX), &mut out);
    if unpacked.is_ok() && !out.is_empty() { out.into() } else { body }
}

/// What is in a packed list, to be read piece by piece. It is packed with at least one of these.
pub(crate) fn inside(names: &[String], body: Bytes) -> std::io::Result<Box<dyn Read + Send>> {
    let mut around: Box<dyn BufRead + Send> = Box::new(Cursor::new(body));
    for name in names.iter().rev() {
        let layer: Box<dyn Read + Send> = match name.as_str() {
            "gzip" | "x-gzip" => Box::new(bufread::MultiGzDecoder::new(around)),
            "br" => Box::new(brotli::Decompressor::new(around, BROTLI_BUFFER_BYTES)),
            "zstd" => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(around)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            _ if is_zlib(around.fill_buf()?) => Box::new(bufread::ZlibDecoder::new(around)),
            _ => Box::new(bufread::DeflateDecoder::new(around)),
        };
        around = Box::new(BufReader::new(layer));
    }
    Ok(around)
}

fn unknown(what: &str) -> Problem {
    Problem::new(
        Code::UnsupportedEncoding,
        format!("Content-Encoding: {what} is none that the bridge reads: send one of {ENCODINGS}, or none"),
    )
}

fn unpack(name: &str, body: &[u8], limit: u64, out: &mut Vec<u8>) -> std::io::Result<usize> {
    match name {
        "gzip" | "x-gzip" => MultiGzDecoder::new(body).take(limit).read_to_end(out),
        "br" => brotli::Decompressor::new(body, BROTLI_BUFFER_BYTES).take(limit).read_to_end(out),
        "zstd" => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(body)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            decoder.take(limit).read_to_end(out)
        }
        // `deflate` means zlib (RFC 9110), and some send it without the two bytes of that.
        _ if is_zlib(body) => ZlibDecoder::new(body).take(limit).read_to_end(out),
        _ => DeflateDecoder::new(body).take(limit).read_to_end(out),
    }
}

fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31))
}

/// The parts of a `multipart/form-data` as the form that they stand for, with its content type. None: it is none.
pub(crate) async fn form_of_parts(
    headers: &HeaderMap,
    body: &Bytes,
) -> Option<Result<(&'static str, Bytes), String>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !bridge_formats::content_type(headers).starts_with("multipart/") {
        return None;
    }
    let broken = |error: multer::Error| format!("the body is multipart, and cannot be read as that: {error}");
    let boundary = match multer::parse_boundary(kind) {
        Ok(boundary) => boundary,
        Err(error) => return Some(Err(broken(error))),
    };
    let whole = stream::once(std::future::ready(Ok::<Bytes, std::convert::Infallible>(body.clone())));
    let mut parts = Multipart::new(whole, boundary);
    Some(read_parts(&mut parts).await.map(|form| (FORM, form)).map_err(broken))
}

async fn read_parts(parts: &mut Multipart<'_>) -> Result<Bytes, multer::Error> {
    let mut form = String::new();
    while let Some(part) = parts.next_field().await? {
        let name = part.name().unwrap_or_default().to_owned();
        let names_letters = part.content_type().is_some_and(|kind| kind.get_param("charset").is_some());
        let value: Bytes = if names_letters { part.text().await?.into() } else { part.bytes().await? };
        if !form.is_empty() {
            form.push('&');
        }
        form.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        form.push('=');
        form.extend(form_urlencoded::byte_serialize(&value));
    }
    Ok(form.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const TEXT: &[u8] = b"{\"from\":\"+919876543210\",\"text\":\"hello\"}";

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        [(name, HeaderValue::from_str(value).unwrap())].into_iter().collect()
    }

    fn packed(how: &str, body: &[u8]) -> Vec<u8> {
        match how {
            "gzip" => {
                let mut writer = GzEncoder::new(Vec::new(), Compression::default());
                writer.write_all(body).unwrap();
                writer.finish().unwrap()
            }
            "zlib" => {
                let mut writer = ZlibEncoder::new(Vec::new(), Compression::default());
                writer.write_all(body).unwrap();
                writer.finish().unwrap()
            }
            "raw" => {
                let mut writer = DeflateEncoder::new(Vec::new(), Compression::default());
                writer.write_all(body).unwrap();
                writer.finish().unwrap()
            }
            "br" => {
                let mut out = Vec::new();
                brotli::CompressorWriter::new(&mut out, 4096, 5, 22).write_all(body).unwrap();
                out
            }
            _ => zstd::encode_all(body, 3).unwrap(),
        }
    }

    fn read(encoding: &str, body: Vec<u8>, max: usize) -> Result<Unpacked, Problem> {
        unpacked(&headers(header::CONTENT_ENCODING, encoding), body.into(), max)
    }

    #[test]
    fn every_way_of_packing_is_undone_up_to_the_limit() {
        for (encoding, how) in [
            ("gzip", "gzip"),
            ("X-GZIP", "gzip"),
            ("deflate", "zlib"),
            ("deflate", "raw"),
            ("br", "br"),
            ("zstd", "zstd"),
        ] {
            let body = packed(how, TEXT);
            let Ok(Unpacked::Body(out)) = read(encoding, body.clone(), TEXT.len()) else {
                panic!("{encoding} {how}")
            };
            assert_eq!(out, TEXT, "{encoding} {how}");
            let refused = read(encoding, body, TEXT.len() - 1).unwrap_err();
            assert_eq!(refused.code(), Code::BodyTooLarge, "{encoding} {how}");
            assert!(
                matches!(read(encoding, b"\xff\xff no".to_vec(), 99), Ok(Unpacked::Broken { .. })),
                "{encoding} {how}"
            );
            let bomb = packed(how, &vec![0; 50 << 20]);
            assert_eq!(
                read(encoding, bomb, 1 << 20).unwrap_err().code(),
                Code::BodyTooLarge,
                "{encoding} {how}"
            );
        }
        let twice = packed("br", &packed("gzip", TEXT));
        assert!(matches!(read("gzip, identity, br", twice, 999), Ok(Unpacked::Body(out)) if out == TEXT));
        assert!(matches!(read("identity", TEXT.to_vec(), 999), Ok(Unpacked::Body(out)) if out == TEXT));
        // Something between the sender and the bridge unpacked it, and left the header.
        for encoding in ["gzip", "br", "deflate", "zstd"] {
            let plain = b" {\"from\":\"1\"}".as_slice();
            let read = read(encoding, plain.to_vec(), 999);
            assert!(matches!(&read, Ok(Unpacked::Body(out)) if out == plain), "{encoding}");
        }
        for other in ["compress", "lz4", "gzip, gzip, gzip, gzip"] {
            assert_eq!(
                read(other, TEXT.to_vec(), 999).unwrap_err().code(),
                Code::UnsupportedEncoding,
                "{other}"
            );
        }
    }

    #[tokio::test]
    async fn parts_are_fields() {
        let kind = headers(header::CONTENT_TYPE, "multipart/form-data; boundary=\"x y\"");
        let body = Bytes::from_static(
            b"--x y\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\n+91 98\r\n--x y\r\n\
              Content-Disposition: form-data; name=\"text\"\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n\
              caf\xe9 a&b\r\n--x y--\r\n",
        );
        let (kind_of_form, form) = form_of_parts(&kind, &body).await.unwrap().unwrap();
        assert_eq!((kind_of_form, form.as_ref()), (FORM, &b"from=%2B91+98&text=caf%C3%A9+a%26b"[..]));
        let cut = body.slice(..40);
        assert!(form_of_parts(&kind, &cut).await.unwrap().is_err());
        let no_boundary = headers(header::CONTENT_TYPE, "multipart/form-data");
        assert!(form_of_parts(&no_boundary, &body).await.unwrap().is_err());
        let json = headers(header::CONTENT_TYPE, "application/json");
        assert!(form_of_parts(&json, &body).await.is_none());
    }
}
