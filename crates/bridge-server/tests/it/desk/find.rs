//! One box finds everything: some digits of a number, a part of a text, an e-mail address, an id; and one number has one line
//! of time.

use reqwest::{StatusCode, header};

use super::visitor::Visitor;
use crate::harness::Bridge;

const ALICE: &str = "+919876543210";
const BOB: &str = "+919811112222";

async fn html(visitor: &Visitor, path: &str) -> String {
    let page = visitor.open(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
    page.body.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_box_finds_everything() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let registered = bridge.register(ALICE, "Olive.Tree@example.com", "pixel-77").await;
    bridge.register(BOB, "bob@example.com", "moto-1").await;
    let sms = bridge.text(ALICE, "My Code is LOST, please help").await;
    bridge.text(BOB, "hello").await;
    for written in [false, true] {
        if written {
            bridge.settle().await;
        }
        for (asked, found) in [
            ("6543", ALICE),
            ("765 43", ALICE),
            ("3210", ALICE),
            ("code is lost", ALICE),
            ("olive.tree", ALICE),
            ("PIXEL-77", ALICE),
            ("1112", BOB),
            ("bob@ex", BOB),
        ] {
            let page = html(&owner, &format!("/admin/ui/find?q={}", asked.replace(' ', "+"))).await;
            let other = if found == ALICE { BOB } else { ALICE };
            assert!(page.contains(found) && !page.contains(other), "{asked}, written {written}: {page}");
        }
        assert!(html(&owner, "/admin/ui/find?q=lost+property").await.contains("No SMS has that"));
        assert!(html(&owner, "/admin/ui/find?q=43").await.contains("too short"));
        for (asked, to) in [
            (sms.text("message_id"), format!("/admin/ui/sms/{}", sms.text("message_id"))),
            (
                registered.text("onboarding_id"),
                format!("/admin/ui/onboardings/{}", registered.text("onboarding_id")),
            ),
            ("98765+43210", "/admin/ui/number?mobile=%2B919876543210".to_owned()),
        ] {
            let led = owner.open(&format!("/admin/ui/find?q={asked}")).await;
            assert_eq!(led.headers[header::LOCATION], to.as_str(), "{asked}");
        }
    }
    // What people type is no pattern.
    let page = html(&owner, "/admin/ui/find?q=%25%25%25%25").await;
    assert!(!page.contains(ALICE), "{page}");
    bridge.stop().await;
}

#[tokio::test]
async fn a_number_has_one_line_of_time() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let registered = bridge.registered(ALICE).await;
    bridge.text(ALICE, "not the hash").await;
    bridge.clock.advance(bridge_core::Span(1_000));
    bridge.deliver(&bridge.right_sms(ALICE, &registered)).await;
    bridge.clock.advance(bridge_core::Span(1_000));
    let fields = [("mobile_number", ALICE), ("reason", "sells codes"), ("for", "week")];
    assert_eq!(owner.submit("/admin/ui/blacklist/add", &fields).await.status, StatusCode::OK);
    bridge.clock.advance(bridge_core::Span(1_000));
    bridge.register(ALICE, "again@example.com", "d2").await;
    bridge.settle().await;
    let page = html(&owner, "/admin/ui/number?mobile=98765+43210").await;
    let line = page.split_once("<tbody>").unwrap().1;
    let places = ["registration refused", "sells codes", "passed", "wrong code in the text", ">registered<"];
    let places = places.map(|what| line.find(what).unwrap_or_else(|| panic!("no {what} in {line}")));
    assert!(places.is_sorted(), "newest first: {places:?} {line}");
    assert!(line.contains("blacklist.add by olga") && page.contains("pill bad\">blocked"), "{page}");
    assert!(html(&owner, "/admin/ui/number?mobile=AX-BANK").await.contains("Nothing is kept of it"));
    bridge.stop().await;
}
