//! Whether code that is to be loaded lies where strangers could put other code.

use std::path::Path;

/// Why the file at `path` is not to be loaded: somebody else's folder, in which others may put files.
#[cfg(unix)]
pub(super) fn objection(path: &Path) -> std::io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt;

    let me = me();
    // Where the file really is, and the way to it that was given.
    let real = path.canonicalize()?;
    for file in [path, &real] {
        let Some(folder) = file.parent() else { continue };
        let metadata = folder.metadata()?;
        let place = FolderOwner { owner: metadata.uid(), mode: metadata.mode() };
        if let Some(who) = place.writable_by(me, real.metadata()?.uid()) {
            return Ok(Some(format!(
                "it lies in {}, a folder of user {} that {who} may write to, so that it may be \
                 anybody's: move it to a folder of your own, or take that right away (`chmod go-w`)",
                folder.display(),
                place.owner
            )));
        }
    }
    Ok(None)
}

/// As on unix, where folders have no such modes.
#[cfg(not(unix))]
pub(super) fn objection(_: &Path) -> std::io::Result<Option<String>> {
    Ok(None)
}

/// Why what this library wrote to `folder` may be somebody else's by now: it is not this user's folder, or
/// others may write to it.
#[cfg(unix)]
pub(super) fn stranger(folder: &Path) -> std::io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt;

    let metadata = folder.metadata()?;
    let place = folder.display();
    Ok(if metadata.uid() != me() {
        Some(format!("{place} is a folder of user {}", metadata.uid()))
    } else if metadata.mode() & 0o022 != 0 {
        Some(format!("others may write to {place} (`chmod go-w` takes that right away)"))
    } else {
        None
    })
}

/// As on unix, where folders have no such modes.
#[cfg(not(unix))]
pub(super) fn stranger(_: &Path) -> std::io::Result<Option<String>> {
    Ok(None)
}

/// The user that this process acts for.
#[cfg(unix)]
fn me() -> u32 {
    unsafe extern "C" {
        fn geteuid() -> u32;
    }
    // SAFETY: the system's own function, which takes nothing and cannot fail.
    unsafe { geteuid() }
}

/// The owner and mode of a folder.
#[cfg(unix)]
struct FolderOwner {
    owner: u32,
    mode: u32,
}

#[cfg(unix)]
impl FolderOwner {
    /// Who may put a file there in the place of one of user `file`, to the harm of user `me`.
    fn writable_by(&self, me: u32, file: u32) -> Option<&'static str> {
        const ROOT: u32 = 0;
        const STICKY: u32 = 0o1000;
        if self.owner == me {
            return None;
        }
        // There only the owner of a file may replace it.
        if self.mode & STICKY != 0 && (file == me || file == ROOT) {
            return None;
        }
        if self.mode & 0o002 != 0 {
            return Some("everybody");
        }
        // The administrator of a system knows who is in its groups.
        (self.mode & 0o020 != 0 && self.owner != ROOT).then_some("a group")
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn folders_of_others_that_others_may_write_to_are_not_trusted() {
        let writable = |owner, mode, file| FolderOwner { owner, mode }.writable_by(1000, file);
        assert_eq!(writable(1000, 0o777, 1000), None, "my own");
        assert_eq!(writable(1001, 0o755, 1001), None, "another's, who alone may write");
        assert_eq!(writable(1001, 0o775, 1001), Some("a group"));
        assert_eq!(writable(1001, 0o777, 1000), Some("everybody"));
        assert_eq!(writable(0, 0o775, 0), None, "the administrator's group");
        assert_eq!(writable(0, 0o777, 0), Some("everybody"));
        assert_eq!(writable(0, 0o1777, 1000), None, "my file in /tmp");
        assert_eq!(writable(0, 0o1777, 1001), Some("everybody"), "another's file in /tmp");
    }
}
