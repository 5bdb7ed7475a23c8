//! The record that a set-up writes about the plugin that it installs, so that damage is found. The set-up command
//! includes this file too.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The file with the record, next to the plugin.
const NAME: &str = ".installed";

/// Size, time of the last change and CRC-32 of a plugin's file.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    size: u64,
    modified: u128,
    checksum: u32,
}

/// How thoroughly a plugin is compared with its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thorough {
    /// The contents only if size or time say that the file was changed since they were looked at.
    IfChanged,
    /// The contents too. The library never asks for this.
    #[allow(dead_code)]
    Always,
}

/// Writes the record of a plugin. The library never does so first.
#[allow(dead_code)]
pub(crate) fn write(plugin: &Path) -> std::io::Result<()> {
    let metadata = plugin.metadata()?;
    let record =
        Record { size: metadata.len(), modified: modified(&metadata), checksum: checksum(plugin)? };
    record.write(plugin)
}

/// The damage to a plugin by its record; `None` for one without a record, which nobody set up.
pub(crate) fn damage(plugin: &Path, thorough: Thorough) -> std::io::Result<Option<String>> {
    let Some(record) = Record::read(plugin) else { return Ok(None) };
    let metadata = plugin.metadata()?;
    if metadata.len() != record.size {
        let (found, size) = (metadata.len(), record.size);
        return Ok(Some(format!("it is {found} bytes long, not the {size} that were installed")));
    }
    let modified = modified(&metadata);
    if modified == record.modified && thorough == Thorough::IfChanged {
        return Ok(None);
    }
    if checksum(plugin)? != record.checksum {
        return Ok(Some("its contents are not those that were installed".into()));
    }
    // Not looked at again until the next change. In a folder that cannot be written to it is.
    let _ = Record { modified, ..record }.write(plugin);
    Ok(None)
}

/// Tells a plugin from others: with a record by its contents, without one by its path and when it was
/// changed.
#[allow(dead_code)]
pub(crate) fn identity(plugin: &Path) -> std::io::Result<String> {
    if let Some(Record { size, checksum, .. }) = Record::read(plugin) {
        return Ok(format!("{size} bytes, CRC-32 {checksum:08x}"));
    }
    let metadata = plugin.metadata()?;
    let (size, time) = (metadata.len(), modified(&metadata));
    Ok(format!("{}, {size} bytes, of {time}", plugin.display()))
}

/// Whether there is a record of a plugin.
#[allow(dead_code)]
pub(crate) fn exists(plugin: &Path) -> bool {
    Record::read(plugin).is_some()
}

impl Record {
    fn read(plugin: &Path) -> Option<Record> {
        let text = std::fs::read_to_string(place(plugin)).ok()?;
        let mut lines = text.lines();
        let mut value = |name: &str| lines.next()?.strip_prefix(name);
        Some(Record {
            size: value("size ")?.parse().ok()?,
            modified: value("modified ")?.parse().ok()?,
            checksum: u32::from_str_radix(value("crc32 ")?, 16).ok()?,
        })
    }

    fn write(&self, plugin: &Path) -> std::io::Result<()> {
        let Record { size, modified, checksum } = self;
        let text = format!("size {size}\nmodified {modified}\ncrc32 {checksum:08x}\n");
        // The folder's own time says when the plugin was installed.
        let folder = plugin.parent().and_then(|folder| File::open(folder).ok());
        let installed = folder.as_ref().and_then(|folder| folder.metadata().ok()?.modified().ok());
        // A reader takes half a record for no record.
        std::fs::write(place(plugin), text)?;
        if let (Some(folder), Some(installed)) = (folder, installed) {
            let _ = folder.set_modified(installed);
        }
        Ok(())
    }
}

fn place(plugin: &Path) -> PathBuf {
    plugin.with_file_name(NAME)
}

/// In nanoseconds; 0 where the system does not say.
fn modified(metadata: &Metadata) -> u128 {
    let time = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    time.map_or(0, |time| time.as_nanos())
}

fn checksum(path: &Path) -> std::io::Result<u32> {
    let mut file = File::open(path)?;
    let mut hasher = crc32fast::Hasher::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hasher.finalize()),
            n => hasher.update(&block[..n]),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn contents_are_looked_at_once_for_each_change() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("plugin.so");
        let set = |contents: &str, seconds: u64| {
            std::fs::write(&plugin, contents).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            File::options().write(true).open(&plugin).unwrap().set_modified(time).unwrap();
        };
        let quick = || damage(&plugin, Thorough::IfChanged).unwrap();
        let thorough = || damage(&plugin, Thorough::Always).unwrap();
        set("abc", 1000);
        assert_eq!((quick(), exists(&plugin)), (None, false));
        write(&plugin).unwrap();
        assert_eq!((quick(), exists(&plugin)), (None, true));
        set("abcd", 1000);
        assert!(quick().unwrap().contains("4 bytes long, not the 3"));
        // Another time, the same contents: noted.
        set("abc", 2000);
        assert_eq!(quick(), None);
        set("xyz", 2000);
        assert_eq!(quick(), None, "not looked at again");
        assert!(thorough().unwrap().contains("contents"));
        set("xyz", 3000);
        assert!(quick().unwrap().contains("contents"));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    }
}
