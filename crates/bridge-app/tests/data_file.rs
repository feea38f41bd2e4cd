//! A small file is there whole, whenever the process ends while it is written. In a program of its own, because the points
//! at which it fails are those of the whole process.

#![cfg(feature = "crash-points")]

use std::fs;

use bridge_app::base::data_file::write;

/// What a kill leaves behind is what lies there when the writing stops at a step: the old file or the new one.
#[test]
fn stopped_at_any_step_the_old_or_the_new_is_there_whole() {
    let scenario = fail::FailScenario::setup();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bridge_id");
    for (step, left) in [
        ("data_file::begun", "old"),
        ("data_file::drafted", "old"),
        ("data_file::synced", "old"),
        ("data_file::renamed", "new"),
        ("data_file::done", "new"),
    ] {
        write(&file, b"old").unwrap();
        fail::cfg(step, "return(error)").unwrap();
        assert!(write(&file, b"new").is_err(), "{step}");
        fail::remove(step);
        assert_eq!(fs::read_to_string(&file).unwrap(), left, "{step}");
        write(&file, b"next").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "next", "after {step}");
    }
    scenario.teardown();
}
