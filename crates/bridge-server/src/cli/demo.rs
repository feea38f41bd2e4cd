//! `demo`: the whole journey on a bridge in a temporary folder, with a phone that is honest once and
//! cheats in every way. A client of the HTTP API like any other; only the clock is ours, so that nobody
//! waits five minutes to see a deadline pass.

use std::process::ExitCode;

use bridge_core::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Client, private_config};
use super::phone::{Phone, Sms};
use super::{BAD, BOLD, DIM, FAILED, GOOD, verdicts};
use crate::app::App;
use crate::clock::{Clock, Entropy};
use crate::config::Config;
use crate::lifecycle;
use crate::secrets;

/// The demo's options.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One thing that happens, what the bridge said, and whether it is what it should say.
struct Scene {
    what: &'static str,
    answer: Value,
    expected: &'static str,
    met: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let scenes = super::block_on(play())?;
    let good = scenes.iter().all(|scene| scene.met);
    if args.json {
        let list: Vec<Value> = scenes
            .iter()
            .map(|s| json!({"scene": s.what, "expected": s.expected, "as_expected": s.met, "answer": s.answer}))
            .collect();
        anstream::println!("{}", json!({"as_expected": good, "scenes": list}));
    } else {
        show(&scenes, good);
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn show(scenes: &[Scene], good: bool) {
    anstream::println!("{BOLD}SMS Bridge: one honest phone, and every way to cheat{BOLD:#}");
    anstream::println!(
        "{DIM}a bridge of its own in a temporary folder; every line went through its HTTP API{DIM:#}\n"
    );
    let (mut table, legend) = verdicts::table();
    let (judged, refused): (Vec<&Scene>, Vec<&Scene>) =
        scenes.iter().partition(|scene| scene.answer.get("validation_status").is_some());
    for scene in judged {
        table.add_row(verdicts::row(scene.what, &scene.answer));
    }
    anstream::println!("{table}");
    anstream::println!("{DIM}{legend}{DIM:#}\n");
    for scene in refused {
        let code = scene.answer["code"].as_str().unwrap_or("answered");
        anstream::println!(
            "  {}: {BOLD}{code}{BOLD:#} {DIM}{}{DIM:#}",
            scene.what,
            scene.answer["detail"].as_str().unwrap_or_default()
        );
    }
    for scene in scenes.iter().filter(|scene| !scene.met) {
        anstream::println!("{BAD}✘ {}: expected {}, got {}{BAD:#}", scene.what, scene.expected, scene.answer);
    }
    if good {
        anstream::println!("\n{GOOD}✔ every verdict is the expected one{GOOD:#}");
    }
}

async fn play() -> Result<Vec<Scene>, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let config = Config {
        api_key: vec![],
        receiver_key: vec![],
        admin_token: vec![],
        ..private_config(folder.path())
    };
    let clock = Clock::standing_at(Clock::system().now());
    let app = App::open(config, clock.clone(), Entropy::system()).await.map_err(|error| error.to_string())?;
    let running = lifecycle::start(app).await.map_err(|error| error.to_string())?;
    let key = |name| secrets::read(folder.path(), name).map_err(|error| error.to_string());
    let client = Client::new(&format!("http://{}", running.address), key("admin_token")?)?;
    let number = json!({"value": "+919800000000"});
    client.get(Method::PUT, "/admin/settings/sms_receiver_number", Some(&number)).await?;
    let phone = Phone::new(&client, key("api_key")?, key("receiver_key")?);
    let mut stage = Stage { phone, clock, scenes: Vec::new(), sent: 0 };
    stage.play().await?;
    running.stop().await;
    Ok(stage.scenes)
}

struct Stage {
    phone: Phone,
    clock: Clock,
    scenes: Vec<Scene>,
    sent: usize,
}

const HONEST: &str = "+919810000001";
const GUESSER: &str = "+919810000002";
const VICTIM: &str = "+919810000003";
const THIEF: &str = "+919810000004";
const SLOW: &str = "+919810000005";
const FLOODER: &str = "+919810000006";
const FOREIGNER: &str = "+447911123456";

impl Stage {
    async fn play(&mut self) -> Result<(), String> {
        let honest = self.register(HONEST).await?;
        self.sms("the right SMS from the right phone", HONEST, &honest, "passed").await?;
        self.redeliver("the phone app delivers it a second time", HONEST, &honest, "passed").await?;

        self.register(GUESSER).await?;
        self.sms("a guessed hash", GUESSER, &"0".repeat(64), "header_hash_check").await?;

        let stolen = self.register(VICTIM).await?;
        self.sms("somebody else's hash, from another phone", THIEF, &stolen, "header_hash_check").await?;

        let late = self.register(SLOW).await?;
        self.clock.advance(Span::seconds(7 * 60));
        self.sms("sent two minutes after the deadline", SLOW, &late, "time_window_check").await?;

        self.sms("the validated number tries again", HONEST, &honest, "duplicate_check").await?;

        let hash = self.register(FLOODER).await?;
        for _ in 0..10 {
            self.send(FLOODER, &"f".repeat(64)).await?;
        }
        self.sms("the right hash, after ten guesses", FLOODER, &hash, "count_check").await?;
        self.refused("the flooder registers again", FLOODER, "blacklisted").await?;
        self.refused("a number of another country registers", FOREIGNER, "country_not_allowed").await
    }

    /// Registers and returns the hash.
    async fn register(&mut self, mobile: &str) -> Result<String, String> {
        let answer = self.phone.register(mobile, "user@example.com", "phone-of-the-user").await?;
        answer.body["hash"].as_str().map(str::to_owned).ok_or_else(|| answer.problem())
    }

    async fn refused(
        &mut self,
        what: &'static str,
        mobile: &str,
        expected: &'static str,
    ) -> Result<(), String> {
        let answer = self.phone.register(mobile, "user@example.com", "another-device").await?.body;
        let met = answer["code"].as_str() == Some(expected);
        self.scenes.push(Scene { what, answer, expected, met });
        Ok(())
    }

    async fn sms(
        &mut self,
        what: &'static str,
        sender: &str,
        hash: &str,
        expected: &'static str,
    ) -> Result<(), String> {
        let answer = self.send(sender, hash).await?;
        self.scene(what, answer, expected);
        Ok(())
    }

    fn scene(&mut self, what: &'static str, answer: Value, expected: &'static str) {
        let got = answer["failed_at_check"].as_str().or(answer["validation_status"].as_str());
        let met = got == Some(expected);
        self.scenes.push(Scene { what, answer, expected, met });
    }

    async fn redeliver(
        &mut self,
        what: &'static str,
        sender: &str,
        hash: &str,
        expected: &'static str,
    ) -> Result<(), String> {
        self.sent -= 1;
        let answer = self.send(sender, hash).await?;
        let again = answer["duplicate_delivery"] == Value::Bool(true);
        self.scene(what, answer, expected);
        if let Some(scene) = self.scenes.last_mut() {
            scene.met &= again;
        }
        Ok(())
    }

    async fn send(&mut self, sender: &str, hash: &str) -> Result<Value, String> {
        self.sent += 1;
        // One SMS a second: each is another SMS, and none lies in the future.
        let received =
            self.clock.now() - Span::seconds(60) + Span::seconds(u32::try_from(self.sent).unwrap_or(0));
        let text = format!("ONBOARD:{hash}");
        let message_id = format!("demo-{}", self.sent);
        self.phone
            .send(&Sms {
                sender,
                text: &text,
                received_timestamp: received.to_string(),
                message_id: &message_id,
            })
            .await
    }
}
