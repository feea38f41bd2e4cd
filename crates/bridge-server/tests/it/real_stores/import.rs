//! Back-fill on real stores: what came live at one bridge is known to an import at another, and an import while a store
//! is away says so at once and changes nothing.

use serde_json::Value;
use test_servers::Server;

use super::group::{Group, until};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge, NOON};
use crate::import::lists::{self, Listed, SHAPES};

async fn import(bridge: &Bridge, list: Vec<u8>) -> Answer {
    let request = bridge.request(reqwest::Method::POST, "/sms/import").bearer_auth(ADMIN_TOKEN);
    bridge.send(request.body(list)).await
}

fn count(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("no {name} in {report}"))
}

fn listed(n: u32, text: &str) -> Listed {
    Listed { sender: format!("+9198765432{n:02}"), text: text.to_owned(), received: NOON }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_live_at_one_bridge_is_known_at_another() {
    let Some(group) = Group::start("what_came_live_at_one_bridge_is_known_at_another") else { return };
    let (one, two) = (group.bridge().await, group.bridge().await);
    let mut list = Vec::new();
    for n in 0..20 {
        let sms = one.sms(&format!("+9198765432{n:02}"), "a live one, with \u{1f600}");
        assert_eq!(one.deliver(&sms).await.status, 200);
        list.push(listed(n, &sms.text));
    }
    for (name, shape) in SHAPES {
        let report = import(&two, shape(&list)).await;
        assert_eq!(count(&report.body, "redelivered"), 20, "{name}: {}", report.body);
    }
    assert_eq!(group.sql("SELECT count(*) FROM input_sms"), "20");
    let more: Vec<Listed> = (0..40).map(|n| listed(n, "never came")).collect();
    let report = import(&two, lists::backup_xml(&more)).await;
    assert_eq!((count(&report.body, "judged"), count(&report.body, "missing")), (40, 40), "{}", report.body);
    let again = import(&one, lists::csv(&more)).await;
    assert_eq!(count(&again.body, "redelivered"), 40, "{}", again.body);
    assert_eq!(group.sql("SELECT count(*) FROM input_sms WHERE format = 'import'"), "40");
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_store_is_away_nothing_is_imported_and_nothing_is_lost() {
    let Some(group) = Group::start("while_a_store_is_away_nothing_is_imported_and_nothing_is_lost") else {
        return;
    };
    let bridge = group.bridge().await;
    let list = lists::ndjson(&[listed(1, "waits in its file")]);
    for away in ["postgres", "redis"] {
        match away {
            "postgres" => group.postgres.kill().unwrap(),
            _ => group.redis.kill().unwrap(),
        }
        let refused = import(&bridge, list.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (503, "unavailable"),
            "{away}: {}",
            refused.body
        );
        assert!(refused.text("detail").contains("import again"), "{}", refused.body);
        match away {
            "postgres" => group.postgres.restart().unwrap(),
            _ => group.redis.restart().unwrap(),
        }
        let report = until("imports are taken again", async || {
            let answer = import(&bridge, list.clone()).await;
            (answer.status == 200).then_some(answer.body)
        })
        .await;
        // Until the bridge has noticed that Redis forgot, the second is kept for later: then it is known too.
        let outcomes = ["judged", "redelivered", "stored"].map(|name| count(&report, name));
        assert_eq!(outcomes.iter().sum::<u64>(), 1, "{away}: {report}");
    }
    until("the list is known", async || {
        let answer = import(&bridge, list.clone()).await;
        (answer.status == 200 && count(&answer.body, "redelivered") == 1).then_some(())
    })
    .await;
    until("nothing waits", async || {
        bridge.settle().await;
        (group.sql("SELECT count(*) FROM power_down_store WHERE NOT processed") == "0").then_some(())
    })
    .await;
    assert_eq!(group.sql("SELECT count(*) FROM input_sms"), "1", "judged once");
    bridge.stop().await;
}
