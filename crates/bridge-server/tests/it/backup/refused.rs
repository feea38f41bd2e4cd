//! What is no backup, or fits not, is refused, and nothing is changed by it.

use super::*;

/// Must fail, and leave the folder without a bridge.
async fn refused(data: &Path, arguments: &[&str]) -> String {
    let ended = run(command(data, arguments)).await;
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    for name in ["bridge_id", "hot.db", "audit.db", "secrets", "spool", ".restoring"] {
        assert!(!data.join(name).exists(), "{name} is left: {ended:?}");
    }
    ended.stderr
}

async fn made(place: &Place) -> String {
    let bridge = Process::start(&place.data()).await;
    validate(&bridge, "+919876543210").await;
    let file = place.file("one.smsb");
    backup(&place.data(), &file).await;
    bridge.stop().await;
    file
}

#[tokio::test]
async fn a_file_that_is_cut_off_changed_or_none() {
    let place = Place::new();
    let file = made(&place).await;
    let bytes = std::fs::read(&file).unwrap();
    let other = Place::new();
    let tried = other.file("tried.smsb");
    for length in [0, 1, 100, bytes.len() / 2, bytes.len() - 600, bytes.len() - 9] {
        std::fs::write(&tried, &bytes[..length]).unwrap();
        let said = refused(&other.data(), &["restore", &tried]).await;
        assert!(said.contains("cannot be restored"), "cut at {length}: {said}");
    }
    for place in [20, bytes.len() / 3, bytes.len() / 2] {
        let mut changed = bytes.clone();
        // Several: one may say the same in another way, as where zeros are copied from.
        changed[place..place + 64].iter_mut().for_each(|byte| *byte ^= 0x5a);
        std::fs::write(&tried, &changed).unwrap();
        refused(&other.data(), &["restore", &tried]).await;
    }
    std::fs::write(&tried, "no backup at all").unwrap();
    refused(&other.data(), &["restore", &tried]).await;
    assert!(refused(&other.data(), &["restore", "/no/such/file"]).await.contains("/no/such/file"));
    restore(&other.data(), &file).await;
}

#[tokio::test]
async fn a_folder_in_which_a_bridge_is() {
    let place = Place::new();
    let file = made(&place).await;
    let before = rows(&place.data().join("audit.db"), "input_sms");
    let stopped = run(command(&place.data(), &["restore", &file])).await;
    assert_eq!(stopped.code(), Some(1), "{stopped:?}");
    assert!(stopped.stderr.contains("folder of a bridge already"), "{stopped:?}");
    let bridge = Process::start(&place.data()).await;
    let running = run(command(&place.data(), &["restore", &file])).await;
    assert!(running.stderr.contains("another SMS Bridge is using"), "{running:?}");
    bridge.stop().await;
    assert_eq!(rows(&place.data().join("audit.db"), "input_sms"), before);
    // Nor is a backup written over another file, or made where no bridge is.
    let twice = run(command(&place.data(), &["backup", &file])).await;
    assert!(twice.code() == Some(1) && twice.stderr.contains("there already"), "{twice:?}");
    let nowhere = Place::new();
    let none = run(command(&nowhere.data(), &["backup", &nowhere.file("one.smsb")])).await;
    assert!(none.code() == Some(1) && none.stderr.contains("there is no bridge in"), "{none:?}");
    assert!(!nowhere.data().exists());
}

#[tokio::test]
async fn stores_of_a_newer_program() {
    for store in ["hot.db", "audit.db"] {
        let place = Place::new();
        Process::start(&place.data()).await.stop().await;
        let conn = Connection::open(place.data().join(store)).unwrap();
        conn.pragma_update(None, "user_version", 999).unwrap();
        drop(conn);
        let file = place.file("newer.smsb");
        backup(&place.data(), &file).await;
        let said = refused(&Place::new().data(), &["restore", &file]).await;
        assert!(said.contains("newer version"), "{store}: {said}");
    }
}

#[tokio::test]
async fn keys_without_their_passphrase() {
    let place = Place::new();
    Process::start_with(bare(&place.data(), &["--bind=127.0.0.1:0"])).await.unwrap().stop().await;
    let key = std::fs::read_to_string(place.data().join("secrets/api_key")).unwrap();
    let (file, passphrase) = (place.file("keys.smsb"), place.passphrase());
    let nobody = run(bare(&place.data(), &["backup", &file, "--with-secrets"])).await;
    assert!(nobody.code() == Some(1) && nobody.stderr.contains("--passphrase-file"), "{nobody:?}");
    let short = place.file("short");
    std::fs::write(&short, "short").unwrap();
    let weak =
        run(bare(&place.data(), &["backup", &file, "--with-secrets", "--passphrase-file", &short])).await;
    assert!(weak.code() == Some(1) && weak.stderr.contains("12 characters"), "{weak:?}");
    good(bare(&place.data(), &["backup", &file, "--with-secrets", "--passphrase-file", &passphrase])).await;
    let mut plain = Vec::new();
    let packed = std::fs::File::open(&file).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut plain).unwrap();
    assert!(!plain.windows(key.len()).any(|part| part == key.as_bytes()), "a key lies open in the backup");

    let other = Place::new();
    std::fs::write(&short, "another passphrase").unwrap();
    let said = refused(&other.data(), &["restore", &file, "--passphrase-file", &short]).await;
    assert!(said.contains("passphrase"), "{said}");
    refused(&other.data(), &["restore", &file]).await;
    good(bare(&other.data(), &["restore", &file, "--passphrase-file", &passphrase])).await;
    assert_eq!(std::fs::read_to_string(other.data().join("secrets/api_key")).unwrap(), key);
    let new = Place::new();
    let said = good(bare(&new.data(), &["restore", &file, "--without-secrets"])).await.stdout;
    assert!(said.contains("left out") && !new.data().join("secrets").exists(), "{said}");
}

#[tokio::test]
async fn a_bridge_on_a_restore_that_was_cut_off() {
    let place = Place::new();
    let file = made(&place).await;
    let other = Place::new();
    // As it is when the power goes between two files.
    std::fs::create_dir_all(other.data().join(".restoring")).unwrap();
    std::fs::write(other.data().join("hot.db"), "half").unwrap();
    let Err(ended) = Process::start_with(command(&other.data(), &[])).await else { panic!("it started") };
    assert!(ended.code() == Some(2) && ended.stderr.contains("was cut off"), "{ended:?}");
    restore(&other.data(), &file).await;
    Process::start(&other.data()).await.stop().await;
}
