//! The folder of the cache: a file for each entry. Writers make a file under another name and rename it,
//! so that readers see whole entries, and nobody waits for anybody.

use super::entry::{self, Header, ProgramKey};
use std::fs::{DirBuilder, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

const EXTENSION: &str = "program";
/// The start of a file's name while it is written.
const UNFINISHED: &str = ".new-";

/// A folder with entries.
pub(super) struct Folder {
    path: PathBuf,
    /// The most bytes of all entries.
    limit: u64,
    /// Bytes that lie there as far as is known, once it was looked at.
    size: Mutex<Option<u64>>,
}

/// An entry that was found.
pub(super) enum Found {
    Program(Vec<u8>),
    /// It must not be loaded, for this reason.
    Refused(String),
}

impl Folder {
    /// The folder at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// Returns the reason why it cannot be used.
    pub(super) fn open(path: &Path, limit: u64) -> Result<Folder, String> {
        let cannot = |error: std::io::Error| format!("{}: {error}", path.display());
        if !path.is_dir() {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(path).map_err(cannot)?;
        }
        if let Some(why) = crate::xla::trust::stranger(path).map_err(cannot)? {
            return Err(why);
        }
        Ok(Folder { path: path.to_path_buf(), limit, size: Mutex::new(None) })
    }

    fn place(&self, key: &ProgramKey) -> PathBuf {
        self.path.join(key.id()).with_extension(EXTENSION)
    }

    /// The bytes of the entry with this name.
    pub(super) fn entry(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.path.join(name).with_extension(EXTENSION)).ok()
    }

    /// The entry of `key`, if there is one.
    ///
    /// # Errors
    /// Returns what is wrong with the entry, which is then removed.
    pub(super) fn read(&self, key: &ProgramKey) -> Result<Option<Found>, String> {
        let place = self.place(key);
        let bytes = match std::fs::read(&place) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", place.display())),
        };
        let read = entry::decode(&bytes).and_then(|(header, program)| match header.refused {
            _ if header.key != *key => Err("it is another program's".to_string()),
            Some(why) => Ok(Found::Refused(why)),
            None => Ok(Found::Program(program.to_vec())),
        });
        match read {
            Ok(found) => {
                self.note_use(&place);
                Ok(Some(found))
            }
            Err(why) => {
                let _ = std::fs::remove_file(&place);
                Err(format!("{}: {why}", place.display()))
            }
        }
    }

    /// The file's time says when it was used last, within some minutes.
    fn note_use(&self, place: &Path) {
        const OFTEN: Duration = Duration::from_secs(600);
        let age = place.metadata().and_then(|m| m.modified()).map(|time| time.elapsed());
        if age.is_ok_and(|age| age.is_ok_and(|age| age > OFTEN)) {
            // Where files cannot be changed, entries grow old.
            let file = File::options().append(true).open(place);
            let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
        }
    }

    /// Puts an entry there, in the place of the one that was there.
    ///
    /// # Errors
    /// Returns the reason: a full disk, a folder that cannot be written to.
    pub(super) fn write(&self, header: &Header, program: &[u8]) -> Result<(), String> {
        let cannot = |error: std::io::Error| format!("{}: {error}", self.path.display());
        let bytes = entry::encode(header, program);
        let mut builder = tempfile::Builder::new();
        let mut file = builder.prefix(UNFINISHED).tempfile_in(&self.path).map_err(cannot)?;
        file.write_all(&bytes).map_err(cannot)?;
        file.persist(self.place(&header.key)).map_err(|error| cannot(error.error))?;
        self.make_room(bytes.len() as u64);
        Ok(())
    }

    /// Removes those entries that were used least lately, once all are larger than the limit.
    fn make_room(&self, added: u64) {
        let mut size = self.size.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(known) = *size
            && known + added <= self.limit
        {
            *size = Some(known + added);
            return;
        }
        // Other processes may have added and removed entries.
        let mut entries = files(&self.path);
        let mut total: u64 = entries.iter().map(|file| file.size).sum();
        if total > self.limit {
            entries.sort_by_key(|file| file.used);
            // More than one entry, so that the next writers need not look at all of them again.
            let goal = self.limit - self.limit / 10;
            for file in entries {
                if total <= goal {
                    break;
                }
                if std::fs::remove_file(&file.path).is_ok() {
                    total -= file.size;
                }
            }
        }
        *size = Some(total);
    }

    /// Takes note that the entry of `key` is being loaded. If the process ends before [`Loading`] does, the
    /// entry is not loaded again. `None` if another process is loading it, or the note cannot be made.
    ///
    /// # Errors
    /// If a process ended while it loaded the entry.
    pub(super) fn loading(&self, key: &ProgramKey) -> Result<Option<Loading>, String> {
        let note = self.place(key).with_extension("loading");
        match File::create_new(&note) {
            Ok(mut file) => {
                let _ = write!(file, "{}", std::process::id());
                Ok(Some(Loading(note)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let Ok(text) = std::fs::read_to_string(&note) else { return Ok(None) };
                // Not yet written: it was made this moment.
                let Ok(process) = text.parse::<u32>() else { return Ok(None) };
                if is_running(process, &note) {
                    return Ok(None);
                }
                let _ = std::fs::remove_file(&note);
                Err(format!("process {process} ended while it loaded it"))
            }
            Err(_) => Ok(None),
        }
    }
}

/// A note that an entry is being loaded, which goes away with this.
pub(super) struct Loading(PathBuf);

impl Drop for Loading {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(target_os = "linux")]
fn is_running(process: u32, _: &Path) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

/// Nothing takes so long to load.
#[cfg(not(target_os = "linux"))]
fn is_running(_: u32, note: &Path) -> bool {
    let age = note.metadata().and_then(|m| m.modified()).map(|time| time.elapsed());
    age.is_ok_and(|age| age.is_ok_and(|age| age < Duration::from_secs(60)))
}

struct EntryFile {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

/// The files in the folder of the cache, those that writers left behind too.
fn files(folder: &Path) -> Vec<EntryFile> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok().filter(|metadata| metadata.is_file())?;
        let (size, used) = (metadata.len(), metadata.modified().ok()?);
        Some(EntryFile { path: entry.path(), size, used })
    };
    entries.filter_map(file).collect()
}
