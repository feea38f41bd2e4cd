//! A group of bridges tells each thing once, whichever of them sees it.

use serde_json::json;

use super::sink::Sink;
use crate::real_stores::group::Group;
use crate::webhooks::until;

#[tokio::test(flavor = "multi_thread")]
async fn two_bridges_tell_each_thing_once() {
    let Some(group) = Group::start("two_bridges_tell_each_thing_once") else { return };
    let (first, second) = (group.bridge().await, group.bridge().await);
    let sink = Sink::start().await;
    first.told(super::ntfy(&sink)).await;
    until("the other bridge knows", async || !second.app().notify.all().is_empty()).await;
    first.set("maintenance_mode", json!(true)).await;
    first.tells(&sink, 1).await;
    second.nothing_is_told(&sink, 1).await;
    // It is still so for the other when the first goes, and over once for both.
    first.stop().await;
    second.nothing_is_told(&sink, 1).await;
    second.set("maintenance_mode", json!(false)).await;
    let told = second.tells(&sink, 2).await;
    assert_eq!(told[1].body["title"], "SMS Bridge: people can register again");
    second.nothing_is_told(&sink, 2).await;
    second.stop().await;
}
