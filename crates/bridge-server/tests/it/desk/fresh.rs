//! What was judged a moment ago is at the desk at once, and counted once: before it is written, while it is, after it,
//! and after a restart.

use bridge_core::Span;
use reqwest::StatusCode;

use super::visitor::{PASSWORD, Visitor};
use crate::harness::Bridge;

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";

async fn html(visitor: &Visitor, path: &str) -> String {
    let page = visitor.open(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
    page.body.as_str().unwrap().to_owned()
}

/// The SMS that a page leads to.
fn links(html: &str) -> Vec<&str> {
    let links = html.split("href=\"/admin/ui/sms/").skip(1).map(|rest| rest.split('"').next().unwrap());
    links.filter(|link| !link.starts_with("export")).collect()
}

#[tokio::test]
async fn an_sms_is_there_before_it_is_written() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let registered = bridge.registered(ALICE).await;
    let sms = bridge.text(ALICE, "not the hash").await;
    bridge.text(BOB, "who are you").await;
    let waits = bridge.stores.hot.queue_sizes().await.unwrap().input_sms;
    assert_eq!(waits, 2, "nothing is written yet");

    let overview = html(&owner, "/admin").await;
    assert_eq!(links(&overview).len(), 2, "{overview}");
    for path in ["/admin/ui/sms", "/admin/ui/sms?status=failed", "/admin/ui/sms?check=header_hash_check"] {
        assert_eq!(links(&html(&owner, path).await).len(), 2, "{path}");
    }
    let of_alice = html(&owner, "/admin/ui/sms?mobile=%2B919876543210").await;
    assert_eq!(links(&of_alice), [sms.text("message_id")]);
    assert_eq!(links(&html(&owner, "/admin/ui/sms?status=passed").await).len(), 0);
    assert_eq!(links(&html(&owner, "/admin/ui/sms?receiver=hall").await).len(), 0);

    let story = html(&owner, &format!("/admin/ui/sms/{}", sms.text("message_id"))).await;
    assert!(story.contains("check by check") && story.contains("not the hash"), "{story}");
    let again = owner.submit(&format!("/admin/ui/sms/{}/rejudge", sms.text("message_id")), &[]).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    let onboarding = format!("/admin/ui/onboardings/{}", registered.text("onboarding_id"));
    assert_eq!(links(&html(&owner, &onboarding).await), [sms.text("message_id")]);
    let csv = html(&owner, "/admin/ui/sms/export/csv").await;
    assert_eq!(csv.matches(ALICE).count() + csv.matches(BOB).count(), 2, "{csv}");

    bridge.settle().await;
    assert_eq!(links(&html(&owner, "/admin/ui/sms").await).len(), 2, "each of them once");
    assert_eq!(links(&html(&owner, &onboarding).await).len(), 1);
    bridge.stop().await;
}

#[tokio::test]
async fn pages_of_what_waits_and_what_is_written_leave_none_out() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    for n in 0..70 {
        if n == 30 {
            bridge.settle().await;
        }
        bridge.text(&format!("+9198765432{n:02}"), "x").await;
    }
    let first = html(&owner, "/admin/ui/sms").await;
    let (_, next) =
        first.split_once("\" rel=\"next\"").map(|(before, _)| before.rsplit_once('"').unwrap()).unwrap();
    let mut found: Vec<String> = links(&first).into_iter().map(str::to_owned).collect();
    assert_eq!(found.len(), 50);
    found.extend(links(&html(&owner, &next.replace("&amp;", "&")).await).into_iter().map(str::to_owned));
    let all = found.len();
    found.sort();
    found.dedup();
    assert_eq!((all, found.len()), (70, 70));
    bridge.stop().await;
}

#[tokio::test]
async fn a_number_that_registered_is_listed_as_it_stands_now() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let registered = bridge.registered(ALICE).await;
    let state = async |word: &str| {
        let page = html(&owner, &format!("/admin/ui/onboardings?state={word}")).await;
        page.matches("/admin/ui/onboardings/0").count()
    };
    assert_eq!((state("pending").await, state("validated").await), (1, 0));
    bridge.settle().await;
    bridge.deliver(&bridge.right_sms(ALICE, &registered)).await;
    assert_eq!((state("pending").await, state("validated").await), (0, 1));
    bridge.settle().await;
    assert_eq!((state("pending").await, state("validated").await), (0, 1));
    bridge.stop().await;
}

#[tokio::test]
async fn an_sms_after_the_end_is_an_sms() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let registered = bridge.registered(ALICE).await;
    bridge.clock.advance(Span(400_000));
    bridge.settle().await;
    let overview = html(&owner, "/admin").await;
    assert!(overview.contains("expired, no SMS came"), "{overview}");
    bridge.deliver(&bridge.right_sms(ALICE, &registered)).await;
    for written in [false, true] {
        if written {
            bridge.settle().await;
        }
        let overview = html(&owner, "/admin").await;
        assert!(!overview.contains("no SMS came"), "{written} {overview}");
        let list = html(&owner, "/admin/ui/onboardings").await;
        assert!(list.contains("time_window_check"), "its last SMS: {written} {list}");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_restart_forgets_no_figure() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    bridge.registered(ALICE).await;
    for n in 0..3 {
        bridge.text(&format!("+91987654322{n}"), "x").await;
    }
    let tiles = |html: &str| {
        let tiles = html.split("<div class=\"tile\"><b>").skip(1);
        tiles.take(2).map(|tile| tile.split('<').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(tiles(&html(&owner, "/admin").await), ["3", "1"]);
    let clock = bridge.clock.clone();
    let folder = bridge.stop().await;
    clock.advance(Span(60_000));

    let bridge = Bridge::start_on(folder, clock, &[]).await;
    let mut owner = Visitor::new(&bridge);
    owner.log_in("olga", PASSWORD).await;
    let overview = html(&owner, "/admin").await;
    assert_eq!(tiles(&overview), ["3", "1"]);
    assert_eq!(links(&overview).len(), 3, "{overview}");
    bridge.stop().await;
}

#[tokio::test]
async fn an_imported_sms_counts_when_its_phone_had_it() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let yesterday = (bridge.clock.now() - Span(30 * 3_600_000)).to_string();
    let list = format!("sender_number,sms_message,received_timestamp\r\n{ALICE},missed,{yesterday}\r\n");
    let request =
        bridge.request(reqwest::Method::POST, "/sms/import").bearer_auth(crate::harness::ADMIN_TOKEN);
    let report = bridge.send(request.body(list)).await.body;
    assert_eq!(report["judged"].as_u64(), Some(1), "{report}");
    for written in [false, true] {
        if written {
            bridge.settle().await;
        }
        for (range, expected) in [("hour", "0"), ("day", "0"), ("week", "1")] {
            let page = html(&owner, &format!("/admin?range={range}")).await;
            let tile = page.split("<div class=\"tile\"><b>").nth(1).unwrap();
            assert!(tile.starts_with(&format!("{expected}<")), "{range} {written} {tile}");
        }
    }
    bridge.stop().await;
}

/// What is written and not forgotten yet stands in both stores: for a moment at each dump, for longer when the hot store goes
/// away in between.
#[tokio::test]
async fn what_stands_in_both_stores_is_counted_once() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    bridge.registered(ALICE).await;
    bridge.text(ALICE, "not the hash").await;
    bridge.text(BOB, "who are you").await;
    let (hot, audit) = (&bridge.stores.hot, &bridge.stores.audit);
    let figures = async || figures(&html(&owner, "/admin").await);
    let before = figures().await;
    audit.append_sms(&hot.newest_sms(9).await.unwrap()).await.unwrap();
    audit.upsert_onboardings(&hot.queued_onboardings(9).await.unwrap()).await.unwrap();
    // The last one says what waits to be written.
    let shown = before.len() - 1;
    assert_eq!(figures().await[..shown], before[..shown]);
    bridge.settle().await;
    assert_eq!(figures().await[..shown], before[..shown]);
    bridge.stop().await;
}

/// The numbers of the overview: tiles, funnel, checks and senders.
fn figures(html: &str) -> Vec<String> {
    html.split("<b>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}
