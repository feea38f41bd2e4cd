//! A real Gammu SMSD that reads its dummy phone, or a modem at a pseudo-terminal, and starts the real program.

use test_servers::gammu::{Hook, Phone};
use test_servers::modem::Stamp;
use test_servers::proxy::Mode;
use test_servers::{Gammu, Modem, Proxy, legs};

use super::{ALICE, BOB, Pusher};
use crate::harness::Bridge;
use crate::real_stores::group::{until, until_rows};
use bridge_app::base::clock::Clock;

/// 2026-01-31T12:00:00Z, the noon of the harness, as a network in India writes it.
const NOON: Stamp = Stamp { local: "260131173000", quarters: 22 };

fn hook(pusher: &Pusher, more: &[(&str, &str)]) -> Hook {
    let mut environment = pusher.environment();
    environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let command = format!("{} push", env!("CARGO_BIN_EXE_sms-bridge"));
    Hook { command, environment, phone_id: Some("modem-a".to_owned()) }
}

async fn until_log(gammu: &Gammu, words: &str) {
    until(words, async || gammu.log().contains(words).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sms_in_gammus_dummy_validates_its_sender() {
    // Gammu's dummy stamps with the time of this machine.
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let bridge = Bridge::start_on(folder, Clock::system(), &[]).await;
    let registered = bridge.registered(ALICE).await;
    let pusher = Pusher::to(&bridge.url);
    let started = Gammu::start(Phone::Dummy, &hook(&pusher, &[]));
    let Some(gammu) = legs::or_skip("gammu-smsd on its dummy", started) else { return };
    gammu.receive(ALICE, registered.text("sms_body")).unwrap();
    let rows = until_rows(&bridge, ALICE, 1).await;
    assert_eq!(rows[0]["sms_message"], registered.text("sms_body"));
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    until_log(&gammu, "handed over: 1 SMS (passed)").await;
    // Nobody who reads the daemon's environment sees more letters than it was given.
    assert!(!gammu.log().contains(registered.text("hash")));
    drop(gammu);
    assert_eq!(pusher.waiting(), 0);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modem_hands_over_ucs2_long_ones_and_the_networks_time() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    let pusher = Pusher::to(&bridge.url);
    let modem = legs::or_skip("a modem at a pseudo-terminal", Modem::start()).unwrap();
    let zone = [("SMS_BRIDGE_PUSH_SMSC_ZONE", "+05:30")];
    let started = Gammu::start(Phone::Modem(&modem), &hook(&pusher, &zone));
    let Some(gammu) = legs::or_skip("gammu-smsd on a modem", started) else { return };

    let strange = "grüß 漢字 😀 $HOME `id` 'quoted' \"too\"\nnext line";
    modem.receive(BOB, strange, NOON).unwrap();
    assert_eq!(until_rows(&bridge, BOB, 1).await[0]["sms_message"], strange);
    let long = format!("{}\nSent with 漢字 from a phone that has a lot to say", registered.text("sms_body"));
    assert!(long.encode_utf16().count() > 70, "it comes in two parts");
    modem.receive(ALICE, &long, NOON).unwrap();
    let rows = until_rows(&bridge, ALICE, 1).await;
    assert_eq!(
        (&rows[0]["sms_message"], &rows[0]["failed_at_check"]),
        (&long.into(), &().into()),
        "{rows:?}"
    );
    assert!(rows[0]["received_timestamp"].as_str().unwrap().starts_with("2026-01-31T12:00:00"), "{rows:?}");
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    until("the SIM is empty", async || (modem.stored() == 0).then_some(())).await;
    drop(gammu);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_without_utf8_says_so_and_the_hash_still_counts() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    let pusher = Pusher::to(&bridge.url);
    let modem = legs::or_skip("a modem at a pseudo-terminal", Modem::start()).unwrap();
    let plain = [("SMS_BRIDGE_PUSH_SMSC_ZONE", "+05:30"), ("LANG", "C")];
    let started = Gammu::start(Phone::Modem(&modem), &hook(&pusher, &plain));
    let Some(gammu) = legs::or_skip("gammu-smsd on a modem", started) else { return };
    modem.receive(ALICE, &format!("{}\n漢字", registered.text("sms_body")), NOON).unwrap();
    until_log(&gammu, "start gammu-smsd with LANG=C.UTF-8").await;
    until_log(&gammu, "handed over: 1 SMS (passed)").await;
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_bridge_is_away_the_modem_goes_on() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    let proxy = Proxy::start(bridge.url.rsplit(':').next().unwrap().parse().unwrap()).unwrap();
    let pusher = Pusher::to(&proxy.url(&bridge.url));
    proxy.set(Mode::Refuse).unwrap();
    let modem = legs::or_skip("a modem at a pseudo-terminal", Modem::start()).unwrap();
    let zone = [("SMS_BRIDGE_PUSH_SMSC_ZONE", "+05:30")];
    let started = Gammu::start(Phone::Modem(&modem), &hook(&pusher, &zone));
    let Some(gammu) = legs::or_skip("gammu-smsd on a modem", started) else { return };
    modem.receive(ALICE, registered.text("sms_body"), NOON).unwrap();
    until("it is queued and off the SIM", async || {
        (pusher.waiting() == 1 && modem.stored() == 0).then_some(())
    })
    .await;
    assert_eq!(bridge.status(&registered).await.text("status"), "pending");
    // The user has long given up waiting; the SMS was in time.
    bridge.clock.advance(bridge_core::Span::seconds(3_600));
    proxy.set(Mode::Pass).unwrap();
    modem.receive(BOB, "somebody else", NOON).unwrap();
    let rows = until_rows(&bridge, ALICE, 1).await;
    assert_eq!(
        (&rows[0]["failed_at_check"], &rows[0]["late_delivery"]),
        (&().into(), &true.into()),
        "{rows:?}"
    );
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    until_rows(&bridge, BOB, 1).await;
    until_log(&gammu, "handed over: 2 SMS").await;
    assert_eq!(pusher.waiting(), 0);
    bridge.stop().await;
}
