//! What `sms-bridge push` relies on: what a real Gammu SMSD tells its hook, of a modem and of its dummy.

use std::path::Path;
use std::time::Duration;

use test_servers::gammu::{Hook, Phone};
use test_servers::modem::Stamp;
use test_servers::{Gammu, Modem, legs, poll};

const LIMIT: Duration = Duration::from_secs(30);

/// Writes the environment and the arguments of every event to a file of its own, whole.
fn recorder(folder: &Path) -> Hook {
    let folder = folder.display();
    let script = format!(
        "#!/bin/sh\n{{ env; echo \"ARGUMENTS=$*\"; }} > {folder}/new\nmv {folder}/new {folder}/event\n"
    );
    let program = format!("{folder}/hook");
    std::fs::write(&program, script).unwrap();
    Hook { command: format!("sh {program}"), ..Hook::default() }
}

fn event(folder: &Path) -> String {
    let file = folder.join("event");
    let event = poll::until(LIMIT, || std::fs::read_to_string(&file).ok()).expect("no event");
    std::fs::remove_file(file).unwrap();
    event
}

#[test]
fn tells_its_hook_of_an_sms_on_a_modem() {
    let folder = tempfile::tempdir().unwrap();
    let modem = legs::or_skip("a modem at a pseudo-terminal", Modem::start()).unwrap();
    let started = Gammu::start(Phone::Modem(&modem), &recorder(folder.path()));
    let Some(gammu) = legs::or_skip("gammu-smsd on a modem", started) else { return };
    let noon = Stamp { local: "260131173000", quarters: 22 };
    modem.receive("+4915112345678", "grüß 漢字", noon).unwrap();
    let first = event(folder.path());
    for line in ["SMS_MESSAGES=1", "SMS_1_NUMBER=+4915112345678", "SMS_1_TEXT=grüß 漢字", "DECODED_PARTS=0"]
    {
        assert!(first.lines().any(|found| found == line), "{line} is not in {first}");
    }
    // The network's own time, whatever its zone.
    assert!(first.contains("ARGUMENTS=IN20260131_173000_00_+4915112345678_00.txt"), "{first}");
    let long = "漢".repeat(100);
    modem.receive("+4915112345678", &long, noon).unwrap();
    let second = event(folder.path());
    assert!(
        second.contains("SMS_MESSAGES=2") && second.contains(&format!("DECODED_1_TEXT={long}")),
        "{second}"
    );
    poll::until(LIMIT, || (modem.stored() == 0).then_some(())).expect("it is deleted from the SIM");
    drop(gammu);
}

#[test]
fn tells_its_hook_of_an_sms_in_its_dummy_and_is_gone_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let started = Gammu::start(Phone::Dummy, &recorder(folder.path()));
    let Some(gammu) = legs::or_skip("gammu-smsd on its dummy", started) else { return };
    gammu.receive("+4915112345678", "hi").unwrap();
    assert!(event(folder.path()).contains("SMS_1_TEXT=hi"));
    let pid = gammu.pid();
    drop(gammu);
    assert!(!Path::new("/proc").join(pid.to_string()).exists(), "the process is left");
}
