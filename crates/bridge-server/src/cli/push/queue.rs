//! The folder where SMS wait until a bridge has them: one file for each, numbered in the order of their coming. Not
//! who hands them over: that is `flush`.
//!
//! A file is there as a whole and on disk, or not at all. What cannot be handed over is set aside in `refused/` with
//! the reason beside it, under a name made of its content, so that nothing there is ever overwritten.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bridge_core::onboarding::hex;
use bridge_store::private;
use sha2::{Digest, Sha256};

use super::sms::Sms;

const REFUSED: &str = "refused";
const LOCK: &str = "lock";
/// Written, but not in the queue yet.
const DRAFT: &str = ".new-";
/// How many hooks may ask for one number at once before something else must be wrong.
const NUMBERS_TRIED: u64 = 10_000;

/// A queue folder that exists.
#[derive(Debug)]
pub(super) struct Queue {
    folder: PathBuf,
}

/// The name of a file in the queue: its number.
pub(super) type Name = String;

/// The right to hand over what is in the queue: one process at a time.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
}

/// A file of the queue.
pub(super) enum Waiting {
    /// The body and what it says.
    Sms(Vec<u8>, Box<Sms>),
    /// Not an SMS, and why.
    Unreadable(String),
    /// Somebody else has handed it over.
    Gone,
}

impl Queue {
    /// Makes the folder if need be, for its owner only.
    pub(super) fn open(folder: &Path) -> io::Result<Queue> {
        let is_new = !folder.exists();
        private::make_folder(folder)?;
        if let Some(parent) = folder.parent().filter(|parent| is_new && !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        // What an earlier version left open. An SMS is handed over even where that cannot be mended.
        if private::may_be_ours(folder)? {
            let _ = private::mend(folder, folder.join(LOCK).exists());
        }
        Ok(Queue { folder: folder.to_owned() })
    }

    /// Keeps one SMS: when this returns, it is on disk.
    pub(super) fn keep(&self, sms: &Sms) -> io::Result<Name> {
        // A temporary file of that crate is readable by its owner only.
        let mut draft = tempfile::Builder::new().prefix(DRAFT).tempfile_in(&self.folder)?;
        draft.write_all(&serde_json::to_vec(sms)?)?;
        draft.as_file().sync_all()?;
        let first = self.names()?.last().and_then(|name| number(name)).unwrap_or_default() + 1;
        for number in first..first + NUMBERS_TRIED {
            let name = format!("{number:010}.json");
            match draft.persist_noclobber(self.folder.join(&name)) {
                Ok(_) => {
                    self.sync()?;
                    return Ok(name);
                }
                Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => draft = failed.file,
                Err(failed) => return Err(failed.error),
            }
        }
        Err(io::Error::other("no free number in the queue"))
    }

    /// What waits, the oldest first.
    pub(super) fn names(&self) -> io::Result<Vec<Name>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().into_string();
            names.extend(name.into_iter().filter(|name| number(name).is_some()));
        }
        // By number: one that needs more digits is still the last.
        names.sort_by_key(|name| number(name));
        Ok(names)
    }

    /// Does it wait still?
    pub(super) fn holds(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }

    /// Reads one.
    pub(super) fn read(&self, name: &str) -> Waiting {
        match fs::read(self.folder.join(name)) {
            Ok(body) => match serde_json::from_slice(&body) {
                Ok(sms) => Waiting::Sms(body, Box::new(sms)),
                Err(error) => Waiting::Unreadable(format!("the file is damaged: {error}")),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Waiting::Gone,
            Err(error) => Waiting::Unreadable(format!("the file cannot be read: {error}")),
        }
    }

    /// Forgets one that a bridge has.
    pub(super) fn forget(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }

    /// Moves one out of the way of the others, and says why beside it. Its new name.
    pub(super) fn set_aside(&self, name: &str, reason: &str) -> io::Result<PathBuf> {
        let (old, refused) = (self.folder.join(name), self.folder.join(REFUSED));
        Queue::open(&refused)?;
        // One that cannot be read is recognised by its number only.
        let content = fs::read(&old).unwrap_or_else(|_| name.as_bytes().to_vec());
        let new = refused.join(format!("{}.json", hex(&Sha256::digest(content)[..16])));
        fs::rename(&old, &new)?;
        // The SMS is what counts; the reason was said aloud, too.
        let file =
            private::options().create(true).truncate(true).write(true).open(new.with_extension("reason"));
        let _ = file.and_then(|mut file| writeln!(file, "{reason}"));
        File::open(&refused)?.sync_all()?;
        self.sync()?;
        Ok(new)
    }

    /// Sets aside what a process wrote that was killed before it was in the queue. The file of a living one is
    /// milliseconds old.
    pub(super) fn set_aside_drafts(&self, is_abandoned: impl Fn(&fs::Metadata) -> bool) -> io::Result<usize> {
        let mut count = 0;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(DRAFT) && entry.metadata().is_ok_and(|meta| is_abandoned(&meta)) {
                self.set_aside(&name, "its writer was ended before it was in the queue")?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// The right to hand over, unless another process has it.
    pub(super) fn turn(&self) -> io::Result<Option<Turn>> {
        let path = self.folder.join(LOCK);
        let file = private::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Turn { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

/// The number of a file of the queue; nothing for any other file.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use bridge_core::Timestamp;

    use super::*;
    use crate::cli::push::sms::Found;

    fn sms(text: &str) -> Sms {
        let found = Found { from: "+491511".into(), text: text.into(), stamp: None, mark: String::new() };
        found.into_sms(Timestamp(1_000), None, None)
    }

    fn queue() -> (tempfile::TempDir, Queue) {
        let folder = tempfile::tempdir().unwrap();
        let queue = Queue::open(&folder.path().join("a/queue")).unwrap();
        (folder, queue)
    }

    fn text(queue: &Queue, name: &str) -> String {
        match queue.read(name) {
            Waiting::Sms(_, sms) => sms.message,
            _ => panic!("{name} is no SMS"),
        }
    }

    #[test]
    fn keeps_in_order_and_for_its_owner_only() {
        let (_folder, queue) = queue();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&queue.folder), 0o700);
        for n in 0..12 {
            queue.keep(&sms(&n.to_string())).unwrap();
        }
        let names = queue.names().unwrap();
        assert_eq!(names.len(), 12);
        for (n, name) in names.iter().enumerate() {
            assert_eq!(text(&queue, name), n.to_string());
            assert_eq!(mode(&queue.folder.join(name)), 0o600);
        }
        queue.forget(&names[11]).unwrap();
        fs::rename(queue.folder.join(&names[10]), queue.folder.join("99999999999.json")).unwrap();
        let last = queue.keep(&sms("last")).unwrap();
        assert_eq!(queue.names().unwrap().last(), Some(&last), "one digit more is still later");
        assert!(fs::read_dir(&queue.folder).unwrap().count() == 12, "no draft is left");
    }

    #[test]
    fn hooks_at_once_never_take_the_same_number() {
        let (_folder, queue) = queue();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let queue = &queue;
                scope.spawn(move || {
                    for n in 0..20 {
                        queue.keep(&sms(&format!("{thread} {n}"))).unwrap();
                    }
                });
            }
        });
        let names = queue.names().unwrap();
        let mut texts: Vec<String> = names.iter().map(|name| text(&queue, name)).collect();
        let of_thread_3: Vec<_> = texts.iter().filter(|text| text.starts_with("3 ")).cloned().collect();
        assert_eq!(of_thread_3, (0..20).map(|n| format!("3 {n}")).collect::<Vec<_>>());
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 160);
    }

    #[test]
    fn what_is_damaged_is_recognised_and_set_aside() {
        let (_folder, queue) = queue();
        for (name, content) in [("0000000001.json", &b"{\"mobile_number\":"[..]), ("0000000002.json", b"")] {
            fs::write(queue.folder.join(name), content).unwrap();
            let Waiting::Unreadable(reason) = queue.read(name) else { panic!("{name} can be read") };
            let aside = queue.set_aside(name, &reason).unwrap();
            assert_eq!(fs::read(&aside).unwrap(), content);
            assert!(fs::read_to_string(aside.with_extension("reason")).unwrap().contains("damaged"));
        }
        fs::create_dir(queue.folder.join("0000000003.json")).unwrap();
        assert!(matches!(queue.read("0000000003.json"), Waiting::Unreadable(_)));
        queue.set_aside("0000000003.json", "a folder").unwrap();
        assert!(matches!(queue.read("0000000004.json"), Waiting::Gone));
        assert!(queue.names().unwrap().is_empty());
    }

    #[test]
    fn numbers_that_come_again_overwrite_nothing_that_was_refused() {
        let (_folder, queue) = queue();
        let mut aside = Vec::new();
        for text in ["a", "b"] {
            let name = queue.keep(&sms(text)).unwrap();
            assert_eq!(name, "0000000001.json");
            aside.push(queue.set_aside(&name, "no").unwrap());
        }
        assert_ne!(aside[0], aside[1]);
        assert!(aside.iter().all(|path| path.exists()));
    }

    #[test]
    fn drafts_of_the_dead_are_set_aside() {
        let (_folder, queue) = queue();
        fs::write(queue.folder.join(".new-dead"), "{}").unwrap();
        assert_eq!(queue.set_aside_drafts(|_| false).unwrap(), 0);
        assert_eq!(queue.set_aside_drafts(|_| true).unwrap(), 1);
        assert!(queue.names().unwrap().is_empty());
    }

    #[test]
    fn one_hands_over_at_a_time() {
        let (_folder, queue) = queue();
        let turn = queue.turn().unwrap();
        assert!(turn.is_some() && queue.turn().unwrap().is_none());
        drop(turn);
        assert!(queue.turn().unwrap().is_some());
    }
}
