//! Whether code that is to be loaded lies where strangers could put other code.

use std::path::Path;

/// Why the file at `path` is not to be loaded: others could put another one there, in its folder or on the way to
/// it.
#[cfg(unix)]
pub(super) fn objection(path: &Path) -> std::io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt;
    use std::path::{Component, PathBuf};

    /// As many as the system follows.
    const MOST_LINKS: usize = 40;

    // Every folder in which a name of the path is looked up, links followed one by one: whoever may write there
    // decides what the name stands for.
    let parts = |path: &Path| -> Vec<PathBuf> {
        path.components().rev().map(|part| PathBuf::from(part.as_os_str())).collect()
    };
    let mut folder = PathBuf::new();
    let mut left = parts(&std::path::absolute(path)?);
    let mut links = 0;
    while let Some(part) = left.pop() {
        match part.components().next() {
            Some(Component::Normal(_)) => {}
            Some(Component::ParentDir) => {
                folder.pop();
                continue;
            }
            Some(Component::RootDir) => {
                folder = part;
                continue;
            }
            _ => continue,
        }
        let entry = folder.join(part);
        let (found, place) = (entry.symlink_metadata()?, folder.metadata()?);
        let place = FolderOwner { owner: place.uid(), mode: place.mode() };
        if let Some((who, right)) = place.writable_by(me(), found.uid()) {
            let folder = folder.display();
            return Ok(Some(format!(
                "{who} may write to {folder}, a folder of user {}, so that it may be anybody's: move it to a \
                 folder of your own, or take that right away (`chmod {right} {folder}`)",
                place.owner
            )));
        }
        if found.is_file() {
            let file = FolderOwner { owner: found.uid(), mode: found.mode() };
            if let Some((who, right)) = file.writable_by(me(), file.owner) {
                let (entry, owner) = (entry.display(), file.owner);
                return Ok(Some(format!(
                    "{who} may write to {entry}, a file of user {owner}, so that it may be anybody's: copy it to a \
                     folder of your own, or take that right away (`chmod {right} {entry}`)"
                )));
            }
        }
        if !found.is_symlink() {
            folder = entry;
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(std::io::Error::other("there are too many symbolic links"));
        }
        left.extend(parts(&entry.read_link()?));
    }
    Ok(None)
}

/// As on unix, where folders have no such modes.
#[cfg(not(unix))]
pub(super) fn objection(_: &Path) -> std::io::Result<Option<String>> {
    Ok(None)
}

/// Why what this library wrote to `folder` may be somebody else's by now: it is not this user's folder, or
/// others may write to it or to a folder on the way to it.
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
        objection(folder)?
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

/// The owner and mode of a folder, or of a file.
#[cfg(unix)]
struct FolderOwner {
    owner: u32,
    mode: u32,
}

#[cfg(unix)]
impl FolderOwner {
    /// Who may put something in the place of what user `entry` has there, to the harm of user `me`, and the change
    /// of modes that ends it.
    fn writable_by(&self, me: u32, entry: u32) -> Option<(&'static str, &'static str)> {
        const STICKY: u32 = 0o1000;
        let is_trusted = |user: u32| user == me || user == 0;
        // Whoever may write to a folder of mine, I let in. In a sticky one, only the owner of it or of the entry may
        // replace that.
        let is_kept = self.owner == me || self.mode & STICKY != 0 && is_trusted(self.owner);
        if is_kept && is_trusted(entry) {
            return None;
        }
        if self.mode & 0o002 != 0 {
            return Some(("everybody", "o-w"));
        }
        // The administrator of a system knows who is in its groups.
        (self.mode & 0o020 != 0 && !is_trusted(self.owner)).then_some(("a group", "g-w"))
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    use std::path::PathBuf;

    #[test]
    fn folders_that_others_may_write_to_are_not_trusted() {
        let writable = |owner, mode, entry| {
            FolderOwner { owner, mode }.writable_by(1000, entry).map(|(who, _)| who)
        };
        assert_eq!(writable(1000, 0o700, 1000), None, "my own");
        assert_eq!(writable(1000, 0o775, 1000), None, "my group's, which I let in");
        assert_eq!(writable(1000, 0o777, 1000), None, "my own, where I let everybody in");
        assert_eq!(writable(1000, 0o777, 1001), Some("everybody"), "what another put there");
        assert_eq!(writable(1001, 0o755, 1001), None, "another's, who alone may write");
        assert_eq!(writable(1001, 0o775, 1001), Some("a group"));
        assert_eq!(writable(1001, 0o777, 1000), Some("everybody"));
        assert_eq!(writable(1001, 0o1777, 1000), Some("everybody"), "another's sticky folder");
        assert_eq!(writable(0, 0o755, 0), None, "the administrator's");
        assert_eq!(writable(0, 0o775, 0), None, "the administrator's group");
        assert_eq!(writable(0, 0o777, 0), Some("everybody"));
        assert_eq!(writable(0, 0o1777, 1000), None, "my file in /tmp");
        assert_eq!(writable(0, 0o1777, 1001), Some("everybody"), "another's file in /tmp");
    }

    /// A file some folders below one for temporary files: `a/b/c/plugin.so`.
    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(root.path().join("a/b/c")).unwrap();
            let tree = Tree(root);
            ["a", "a/b", "a/b/c"].iter().for_each(|folder| tree.chmod(folder, 0o755));
            std::fs::write(tree.at("a/b/c/plugin.so"), "").unwrap();
            tree
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.path().join(path)
        }

        fn chmod(&self, path: &str, mode: u32) {
            std::fs::set_permissions(self.at(path), Permissions::from_mode(mode)).unwrap();
        }

        /// Gives a folder to another user, and lets everybody write to it. False where that is not to be had.
        fn open(&self, path: &str) -> bool {
            if me() != 0 {
                eprintln!("skipped: only root can give folders to other users");
                return false;
            }
            chown(self.at(path), Some(1001), None).unwrap();
            self.chmod(path, 0o777);
            true
        }

        fn close(&self, path: &str) {
            chown(self.at(path), Some(me()), None).unwrap();
            self.chmod(path, 0o755);
        }

        fn objection(&self, path: &str) -> Option<String> {
            objection(&self.at(path)).unwrap()
        }

        /// Asserts that the file is refused because of this folder.
        fn is_refused_for(&self, path: &str, folder: &str, chmod: &str) {
            let why = self.objection(path).unwrap();
            let fix = format!("`chmod {chmod} {}`", self.at(folder).display());
            assert!(why.contains(&fix), "{why}");
        }
    }

    #[test]
    fn every_folder_on_the_way_to_a_file_counts() {
        let tree = Tree::new();
        let file = "a/b/c/plugin.so";
        assert_eq!(tree.objection(file), None);
        for folder in ["a", "a/b", "a/b/c"] {
            for mode in [0o700, 0o755, 0o775, 0o777, 0o1777] {
                tree.chmod(folder, mode);
                assert_eq!(tree.objection(file), None, "my own folder {folder}, {mode:o}");
            }
            if tree.open(folder) {
                tree.is_refused_for(file, folder, "o-w");
                tree.close(folder);
            }
        }
        assert_eq!(tree.objection(file), None);
        // The file itself.
        if tree.open(file) {
            tree.is_refused_for(file, file, "o-w");
        }
    }

    #[test]
    fn links_count_where_they_lie_and_where_they_lead() {
        let tree = Tree::new();
        std::fs::create_dir_all(tree.at("x/y")).unwrap();
        symlink("../../a/b", tree.at("x/y/relative")).unwrap();
        symlink(tree.at("x/y/relative"), tree.at("absolute")).unwrap();
        let file = "absolute/c/plugin.so";
        assert_eq!(tree.objection(file), None);
        for folder in ["a", "a/b/c", "x", "x/y"] {
            if tree.open(folder) {
                tree.is_refused_for(file, folder, "o-w");
                tree.close(folder);
            }
        }
        // Folders that the path enters and leaves again count as well.
        assert_eq!(tree.objection("x/../a/b/c/plugin.so"), None);
        if tree.open("x/y") {
            tree.is_refused_for("x/y/relative/../b/c/plugin.so", "x/y", "o-w");
        }
        symlink("around", tree.at("around")).unwrap();
        assert!(objection(&tree.at("around/plugin.so")).is_err());
    }

    #[test]
    fn folders_of_other_users_count_by_who_may_write_to_them() {
        if me() != 0 {
            eprintln!("skipped: only root can give folders to other users");
            return;
        }
        let tree = Tree::new();
        let file = "a/b/c/plugin.so";
        chown(tree.at("a/b"), Some(1001), None).unwrap();
        assert_eq!(tree.objection(file), None, "its owner alone may write there");
        tree.chmod("a/b", 0o775);
        tree.is_refused_for(file, "a/b", "g-w");
        for mode in [0o777, 0o1777] {
            tree.chmod("a/b", mode);
            tree.is_refused_for(file, "a/b", "o-w");
        }
        tree.chmod("a/b", 0o755);
        // A stranger's folder in one that is as /tmp.
        tree.chmod("a", 0o1777);
        tree.is_refused_for(file, "a", "o-w");
    }

    #[test]
    fn a_folder_is_a_strangers_where_one_above_can_be_changed() {
        let tree = Tree::new();
        assert_eq!(stranger(&tree.at("a/b/c")).unwrap(), None);
        if !tree.open("a") {
            return;
        }
        let why = stranger(&tree.at("a/b/c")).unwrap().unwrap();
        assert!(why.contains(&format!("`chmod o-w {}`", tree.at("a").display())), "{why}");
    }
}
