//! `demo`: the journeys of the Test Lab, shown in a terminal without any set-up: a bridge in a temporary folder, with a
//! phone that is honest once and cheats in every way. Every line goes through the HTTP interface; only the clock is
//! ours, so that nobody waits five minutes to see a deadline pass.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{BAD, BOLD, DIM, FAILED, GOOD, verdicts};
use crate::opening;
use bridge_app::base::clock::{Clock, Entropy};
use bridge_http::lab::presets::PRESETS;
use bridge_http::lab::{Event, Sandbox};

/// The demo's options.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One thing that happens, what the bridge said, and whether it is what it should say.
struct Scene {
    what: String,
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
        table.add_row(verdicts::row(&scene.what, &scene.answer));
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
    let mut sandbox = Sandbox::open(&opening::for_the_lab(), &Entropy::system(), Clock::system().now())
        .await
        .map_err(|error| error.to_string())?;
    let mut scenes = Vec::new();
    for preset in PRESETS {
        let mut tell = |event| scenes.extend(scene(&event));
        preset.play(&mut sandbox, &mut tell).await.map_err(|error| error.to_string())?;
    }
    Ok(scenes)
}

/// What a preset is about; not what leads to it.
fn scene(event: &Event) -> Option<Scene> {
    let expected = event.expected?;
    Some(Scene { what: event.what.clone(), answer: event.answer(), expected, met: event.met() })
}
