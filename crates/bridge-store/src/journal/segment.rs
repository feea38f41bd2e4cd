//! The files of the journal: how a record lies in them, which of their entries are open, and when a file goes.
//! Not who writes them when.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use bridge_core::Timestamp;

use super::{Due, Entry, Record, RecordRef, Subject};
use crate::private;

/// A file that is larger is followed by a new one.
pub(super) const ROTATE_AT_BYTES: u64 = 8 * 1024 * 1024;
/// Nobody writes a larger record: a length above it is damage.
const RECORD_MAX_BYTES: u32 = 16 * 1024 * 1024;
const HEADER_BYTES: usize = 8;
/// Most records are shorter.
const USUAL_BYTES: usize = 1024;

/// All files, oldest first; the last one is written to.
pub(super) struct Segments {
    folder: PathBuf,
    files: VecDeque<Segment>,
    next: u64,
    /// Waiting SMS among what is open.
    waiting: usize,
    /// Bodies that belong into quarantine.
    bodies: usize,
}

struct Segment {
    number: u64,
    path: PathBuf,
    bytes: u64,
    open: HashSet<Subject>,
    /// Nothing open in it is older.
    oldest: Option<Timestamp>,
}

/// What a file holds.
pub(super) struct Content {
    pub(super) entries: Vec<Entry>,
    acknowledged: Vec<Subject>,
    /// Bytes of whole records.
    whole: u64,
}

/// One record as it lies in a file.
pub(super) fn encode(record: &RecordRef<'_>) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.resize(HEADER_BYTES, 0);
    serde_json::to_writer(&mut bytes, record)?;
    let body = &bytes[HEADER_BYTES..];
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    let checksum = crc32fast::hash(body).to_le_bytes();
    bytes[..4].copy_from_slice(&length);
    bytes[4..HEADER_BYTES].copy_from_slice(&checksum);
    Ok(bytes)
}

/// Reads whole records up to the first that is torn or damaged.
pub(super) fn read(path: &Path) -> io::Result<Content> {
    let mut content = Content { entries: Vec::new(), acknowledged: Vec::new(), whole: 0 };
    let file = match File::open(path) {
        Ok(file) => file,
        // Settled and deleted meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(content),
        Err(error) => return Err(error),
    };
    let mut from = BufReader::with_capacity(256 * 1024, file);
    while let Some(body) = next_body(&mut from)? {
        let Ok(record) = serde_json::from_slice(&body) else { break };
        content.whole += (HEADER_BYTES + body.len()) as u64;
        match record {
            Record::Kept(entry) => content.entries.push(entry),
            Record::Settled(subjects) => content.acknowledged.extend(subjects),
            Record::Probe(_) => {}
        }
    }
    Ok(content)
}

fn next_body(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; HEADER_BYTES];
    if !fill(from, &mut header)? {
        return Ok(None);
    }
    let [a, b, c, d, e, f, g, h] = header;
    let (length, checksum) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    if length > RECORD_MAX_BYTES {
        return Ok(None);
    }
    let mut body = vec![0; length as usize];
    Ok((fill(from, &mut body)? && crc32fast::hash(&body) == checksum).then_some(body))
}

/// False if the file ends before the buffer is full.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

impl Segments {
    /// Reads what an earlier process left and deletes what is acknowledged.
    pub(super) fn open(folder: &Path) -> io::Result<Segments> {
        private::make_folder(folder)?;
        let mut paths: Vec<(u64, PathBuf)> = std::fs::read_dir(folder)?
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let number = path.file_name()?.to_str()?.strip_suffix(".journal")?.parse().ok()?;
                Some((number, path))
            })
            .collect();
        paths.sort();
        let next = paths.last().map_or(0, |(number, _)| number + 1);
        let mut files = VecDeque::new();
        let mut acknowledged = Vec::new();
        for (number, path) in paths {
            let content = read(&path)?;
            let length = path.metadata()?.len();
            if content.whole < length {
                tracing::warn!(
                    file = %path.display(), whole = content.whole, length,
                    "the journal ends in the middle of a record: it was not acknowledged"
                );
            }
            acknowledged.extend(content.acknowledged);
            let open: HashSet<Subject> = content.entries.iter().map(Entry::subject).collect();
            let oldest = content.entries.iter().map(Entry::at).min();
            files.push_back(Segment { number, path, bytes: length, open, oldest });
        }
        let open = || files.iter().flat_map(|file| &file.open);
        let waiting = open().filter(|s| s.waits()).count();
        let bodies = open().filter(|s| s.is_body()).count();
        let mut segments = Segments { folder: folder.to_owned(), files, next, waiting, bodies };
        segments.acknowledge(&acknowledged);
        segments.sweep_all();
        Ok(segments)
    }

    /// Begins a new file.
    pub(super) fn begin(&mut self) -> io::Result<File> {
        let path = self.folder.join(format!("{:012}.journal", self.next));
        let file = private::options().create_new(true).append(true).open(&path)?;
        // The name must survive a power cut too.
        File::open(&self.folder)?.sync_all()?;
        let (number, open) = (self.next, HashSet::new());
        self.files.push_back(Segment { number, path, bytes: 0, open, oldest: None });
        self.next += 1;
        self.sweep();
        Ok(file)
    }

    /// Bytes were appended to the newest file.
    pub(super) fn appended(&mut self, bytes: u64) -> u64 {
        self.files.back_mut().map_or(0, |last| {
            last.bytes += bytes;
            last.bytes
        })
    }

    /// These were appended to the newest file and not acknowledged before.
    pub(super) fn note_open(&mut self, subjects: impl IntoIterator<Item = (Subject, Timestamp)>) {
        if let Some(last) = self.files.back_mut() {
            for (subject, at) in subjects {
                last.oldest = Some(last.oldest.map_or(at, |oldest| oldest.min(at)));
                if last.open.insert(subject) {
                    self.waiting += usize::from(subject.waits());
                    self.bodies += usize::from(subject.is_body());
                }
            }
        }
    }

    /// Takes subjects off and returns those that were open. An onboarding is acknowledged in all versions up to this.
    pub(super) fn acknowledge(&mut self, subjects: &[Subject]) -> Vec<Subject> {
        let mut acknowledged = Vec::new();
        for file in &mut self.files {
            if file.open.is_empty() {
                continue;
            }
            for subject in subjects {
                match subject {
                    Subject::Onboarding(id, version) => {
                        acknowledged.extend(
                            (1..=*version)
                                .map(|v| Subject::Onboarding(*id, v))
                                .filter(|s| file.open.remove(s)),
                        );
                    }
                    // What is judged waits no longer.
                    Subject::Judged(id) => {
                        acknowledged.extend(
                            [*subject, Subject::Waiting(*id)].into_iter().filter(|s| file.open.remove(s)),
                        );
                    }
                    Subject::Waiting(_) | Subject::Quarantined(_) => {
                        acknowledged.extend(file.open.remove(subject).then_some(*subject));
                    }
                }
            }
            if file.open.is_empty() {
                file.oldest = None;
            }
        }
        self.waiting -= acknowledged.iter().filter(|s| s.waits()).count();
        self.bodies -= acknowledged.iter().filter(|s| s.is_body()).count();
        acknowledged
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Deletes acknowledged files from the oldest on, but not the one that is written to.
    pub(super) fn sweep(&mut self) {
        while self.files.len() > 1 && self.files.front().is_some_and(|file| file.open.is_empty()) {
            self.delete_oldest();
        }
    }

    fn sweep_all(&mut self) {
        while self.files.front().is_some_and(|file| file.open.is_empty()) {
            self.delete_oldest();
        }
    }

    fn delete_oldest(&mut self) {
        if let Some(file) = self.files.pop_front()
            && let Err(error) = std::fs::remove_file(&file.path)
        {
            tracing::warn!(%error, file = %file.path.display(), "a acknowledged part of the journal cannot be deleted");
        }
    }

    pub(super) fn open_subjects(&self) -> impl Iterator<Item = &Subject> {
        self.files.iter().flat_map(|file| &file.open)
    }

    /// The first file after that number that still holds something that is `due`, and what of it is open.
    pub(super) fn open_after(
        &self,
        after: Option<u64>,
        due: Due,
    ) -> Option<(u64, PathBuf, HashSet<Subject>)> {
        let later = |file: &&Segment| after.is_none_or(|after| file.number > after);
        let is_due = |file: &&Segment| match due {
            Due::All => !file.open.is_empty(),
            Due::WaitingOrUntil(time) => {
                file.oldest.is_some_and(|oldest| oldest <= time)
                    || self.waiting + self.bodies > 0
                        && file.open.iter().any(|subject| subject.waits() || subject.is_body())
            }
        };
        let file = self.files.iter().filter(later).find(is_due)?;
        Some((file.number, file.path.clone(), file.open.clone()))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The oldest file holds others up though little in it is open: that little had better be kept anew.
    pub(super) fn laggards(&self) -> Option<(PathBuf, HashSet<Subject>)> {
        const FILES: usize = 4;
        const OPEN_MAX: usize = 1000;
        let oldest =
            self.files.front().filter(|oldest| self.files.len() > FILES && oldest.open.len() <= OPEN_MAX)?;
        let others_acknowledged =
            self.files.iter().skip(1).take(self.files.len() - 2).any(|file| file.open.is_empty());
        others_acknowledged.then(|| (oldest.path.clone(), oldest.open.clone()))
    }

    /// Every file and what is open in it, oldest first.
    pub(super) fn all(&self) -> Vec<(PathBuf, HashSet<Subject>)> {
        self.files.iter().map(|file| (file.path.clone(), file.open.clone())).collect()
    }

    /// What was open in the oldest file was kept anew.
    pub(super) fn carried_over(&mut self, path: &Path) {
        if let Some(oldest) = self.files.front().filter(|oldest| oldest.path == path) {
            self.waiting -= oldest.open.iter().filter(|s| s.waits()).count();
            self.bodies -= oldest.open.iter().filter(|s| s.is_body()).count();
            self.delete_oldest();
            self.sweep();
        }
    }
}
