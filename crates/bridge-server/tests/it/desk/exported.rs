//! What the desk exports is known when it comes back: `import` reads it whole, and nothing is missing (D46).

use reqwest::Method;
use serde_json::Value;

use super::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, Bridge};

/// What `import` says of a list: how many rows, how many the bridge has, how many are missing or of no use.
async fn compared(bridge: &Bridge, list: String) -> [Value; 4] {
    let request = bridge.request(Method::POST, "/sms/import?check=true").bearer_auth(ADMIN_TOKEN);
    let report = bridge.send(request.body(list)).await;
    assert_eq!(report.status, 200, "{}", report.body);
    ["rows", "redelivered", "missing", "quarantined"].map(|name| report.body[name].clone())
}

#[tokio::test]
async fn nothing_of_the_desks_own_list_is_missing_when_it_is_imported() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let alice = "+919876543210";
    let texts = ["=1+1", "+4", "-x", "@y", "'=1", "", " ", "\r\n", "a\r\nb", "4.5E+11", "a;=1", "\u{ff1d}2"];
    let senders = ["MYBANK", "57575", "4.47911E+11", "447911123456.5", "'57575", "=1+1", "@me", "+4E+5"];
    let all = texts.iter().map(|text| (alice, *text)).chain(senders.iter().map(|sender| (*sender, "x")));
    let mut sent = 0_u64;
    for (sender, text) in all {
        assert_eq!(bridge.text(sender, text).await.status, 200, "{sender:?} {text:?}");
        sent += 1;
    }
    bridge.settle().await;
    let whole: [Value; 4] = [sent, sent, 0, 0].map(Value::from);
    let export = async |kind: &str| owner.open(&format!("/admin/ui/sms/export/{kind}")).await.body;
    let table = export("csv").await.as_str().unwrap().to_owned();
    assert_eq!(compared(&bridge, table.clone()).await, whole, "{table}");
    // A spreadsheet writes ends of lines in its own way, inside of texts too.
    assert_eq!(compared(&bridge, table.replace("\r\n", "\n")).await, whole, "{table}");
    let json = export("json").await.to_string();
    assert_eq!(compared(&bridge, json.clone()).await, whole, "{json}");
    bridge.stop().await;
}
