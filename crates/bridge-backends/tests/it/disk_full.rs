//! A full disk: writes fail and say so, nothing that was acknowledged is lost, and when there is space
//! again they work. Needs the right to mount a small tmpfs; says so where it has none.

use std::path::Path;
use std::process::{Command, Stdio};

use bridge_backends::embedded::open_audit;
use bridge_store::{AuditStore, StoreFault};
use tempfile::TempDir;

use crate::folder::sms;

struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().ok()?.success().then_some(SmallDisk { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

/// Stores SMS until one is refused, and says how many were acknowledged.
async fn fill(audit: &dyn AuditStore, from: u128) -> u128 {
    for n in from.. {
        if let Err(error) = audit.store_for_later(&sms(n, &"x".repeat(5_000))).await {
            assert_eq!(error.kind, StoreFault::Full, "{error:?}");
            return n - from;
        }
    }
    unreachable!("the disk has an end")
}

async fn waiting(audit: &dyn AuditStore) -> Vec<u128> {
    audit.waiting_sms(None, 10_000).await.unwrap().iter().map(|w| w.sms.sms_id.as_u128()).collect()
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        println!("SKIPPED a_full_disk_loses_nothing: no right to mount a tmpfs");
        return;
    };
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 512 * 1024]).unwrap();
    let audit = open_audit(disk.path()).unwrap();
    let first = fill(&*audit, 0).await;
    assert!(first > 0);
    assert_eq!(fill(&*audit, 1_000_000).await, 0, "still full");
    assert!(waiting(&*audit).await.into_iter().eq(0..first), "what was acknowledged is there");

    std::fs::remove_file(&ballast).unwrap();
    let then = fill(&*audit, first).await;
    assert!(then > 0, "space again, writes again");
    drop(audit);
    let audit = open_audit(disk.path()).unwrap();
    assert!(waiting(&*audit).await.into_iter().eq(0..first + then), "also after opening again");
}
