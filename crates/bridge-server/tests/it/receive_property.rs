//! Whatever bytes come as the body of an SMS, on any route: the bridge never answers 5xx. What reading alone must hold is
//! tested in bridge-formats; the fuzzer's corpus is replayed here against a running bridge.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::bad_input::{FORM, JSON, assert_refused, blames, post};
use crate::harness::{Bridge, RECEIVER_KEY};

/// A corpus that is not found would pass in silence.
const INPUTS_MIN: usize = 30;
const THROUGH_THE_BRIDGE: u32 = 64;

fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/receive_body");
    let paths = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let inputs: Vec<_> = paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    assert!(inputs.len() >= INPUTS_MIN, "{}: only {} inputs", folder.display(), inputs.len());
    inputs
}

#[tokio::test]
async fn the_corpus_gets_an_answer_from_a_running_bridge() {
    let bridge = Bridge::start().await;
    for (path, body) in corpus() {
        for kind in [JSON, FORM, "text/plain", ""] {
            let answer = post(&bridge, "/sms/receive", RECEIVER_KEY, kind, &body).await;
            assert!(matches!(answer.status.as_u16(), 200 | 400), "{}: {:?}", path.display(), answer);
        }
    }
    crate::judging_again::judged_the_same_again(&bridge).await;
    bridge.stop().await;
}

/// A body nearer to an SMS than random bytes are: its words in any order, and noise between them.
fn near_miss() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "\\ud83d",
        "\\udE00",
        "\\u0000",
        "null",
        "true",
        "1e999",
        "-1",
        "1769860800",
        "\"from\"",
        "\"text\"",
        "\"text\":\"a\"",
        "\"from\":\"+919876543210\"",
        "from=",
        "text=",
        "&",
        "=",
        "%",
        "%2B",
        "%ff",
        "+",
        "919876543210",
        "\u{feff}",
        "é",
        "\0",
        " ",
        "\n",
        "\"received_timestamp\":",
        "\"2026-01-31T12:00:00Z\"",
        "\"message_id\":",
    ]);
    let piece = prop_oneof![
        8 => word.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![near_miss(), prop::collection::vec(any::<u8>(), 0..2_000)]
}

#[test]
fn a_running_bridge_answers_any_bytes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let bridge = runtime.block_on(Bridge::start());
    let config =
        ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(THROUGH_THE_BRIDGE) };
    let formats: Vec<&'static str> =
        std::iter::once("generic").chain(bridge_formats::FORMATS.iter().map(|format| format.name)).collect();
    let kinds = prop::sample::select(vec![JSON, FORM, "text/plain", "", "multipart/form-data; boundary=x"]);
    proptest!(config, |(kind in kinds, body in body(), format in prop::sample::select(formats))| {
        let answer = runtime.block_on(post(&bridge, "/sms/receive", RECEIVER_KEY, kind, &body));
        prop_assert!(matches!(answer.status.as_u16(), 200 | 400), "{:?}", answer);
        let answer = runtime.block_on(post(&bridge, &format!("/sms/receive/{format}"), RECEIVER_KEY, kind, &body));
        prop_assert_eq!(answer.status.as_u16(), 200, "{}: {:?}", format, answer);
    });
    runtime.block_on(bridge.stop());
}

#[tokio::test]
async fn a_megabyte_of_names_is_refused_at_once() {
    let bridge = Bridge::start().await;
    let names: Vec<String> = (0..90_000).map(|n| format!("\"k{n}\":1")).collect();
    let body = format!("{{{}}}", names.join(","));
    let answer = post(&bridge, "/sms/receive", RECEIVER_KEY, JSON, body.as_bytes()).await;
    assert_refused("a megabyte of names", &answer, blames(400, "invalid_request", &[]));
    assert!(answer.text("detail").contains("256 fields"), "{}", answer.body);
    bridge.stop().await;
}
