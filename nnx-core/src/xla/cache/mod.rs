//! Compiled programs on disk, so that the next process need not compile them again.
//!
//! An entry is machine code, so that it is as trusted as the plugin: folders that others may write to are
//! not used. A failure of the cache is reported once, and costs no more than a compilation.

mod bundle;
mod entry;
mod folder;

pub use bundle::{Bundle, add_bundle, write_bundle};

use super::client::ClientOptions;
use super::executable::Origin;
use super::pjrt::{absolute, user_folder};
use super::program::Program;
use super::runtime::{Inspection, RawExecutable, Runtime};
use crate::error::{Error, Result};
use entry::{Header, ProgramKey};
use folder::{Folder, Found};
use rustc_hash::FxHashSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// `off`, or the folder of the cache.
const VAR: &str = "NNX_CACHE";
/// The folder's name in the per-user folder.
const FOLDER: &str = "cache";
/// The most bytes of all entries, if the options do not say.
const LIMIT: u64 = 2 << 30;
/// Programs that compile faster are not kept: loading them takes about as long.
const WORTH: Duration = Duration::from_millis(4);

/// The parts of keys that are about the program, not about what compiles it.
const OF_PROGRAM: [&str; 7] =
    ["program", "takes", "returns", "aliases", "dialect", "device", "compiler options"];

/// Where compiled programs are kept for the next process.
///
/// ```no_run
/// use nnx::xla::{ClientOptions, DiskCache, init};
///
/// init(ClientOptions::new().cache(DiskCache::Folder("/var/cache/my-program".into()))).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskCache {
    /// Nowhere.
    Off,
    /// In this folder, which is made if it is not there. Nobody else may be able to write to it.
    Folder(PathBuf),
}

/// The use that was made of the cache in this process so far.
///
/// ```
/// use nnx::xla::{CacheStats, cache_stats};
///
/// let stats: CacheStats = cache_stats().unwrap();
/// println!("{} programs of {} were there", stats.loaded, stats.loaded + stats.compiled);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Programs that were loaded, from the folder or from a bundle.
    pub loaded: u64,
    /// Programs that were compiled, as there was no entry, or one that could not be used.
    pub compiled: u64,
    /// Programs that were written to the folder.
    pub written: u64,
}

/// The cache of the process.
pub(super) struct Cache {
    /// `None` if it is off, or the folder cannot be used.
    folder: Option<Folder>,
    loaded: AtomicU64,
    compiled: AtomicU64,
    written: AtomicU64,
    /// The troubles that were reported already.
    said: [AtomicBool; 3],
    /// The entries that this process has used.
    used: Mutex<FxHashSet<String>>,
}

/// Troubles with the cache, each reported once.
#[derive(Clone, Copy)]
enum Trouble {
    Reading,
    Writing,
    Bundle,
}

impl Cache {
    /// The cache that the options and the environment ask for.
    ///
    /// # Errors
    /// Returns an error if they ask for something that cannot be meant.
    pub(super) fn open(options: &ClientOptions) -> Result<Self> {
        let var = |name: &str| std::env::var_os(name);
        let setting = match &options.cache {
            Some(setting) => Some(setting.clone()),
            None if var(VAR).is_some_and(|value| value == "off") => Some(DiskCache::Off),
            None => absolute(VAR, &var)
                .map_err(|why| Error::Invalid(format!("{why}, or to `off`")))?
                .map(DiskCache::Folder),
        };
        let path = match setting {
            Some(DiskCache::Off) => None,
            Some(DiskCache::Folder(path)) => Some(path),
            // Where plugins are looked for, an unusable home is an error.
            None => user_folder(var).ok().flatten().map(|folder| folder.join(FOLDER)),
        };
        let limit = options.cache_limit.unwrap_or(LIMIT);
        let folder = path.and_then(|path| {
            let folder = Folder::open(&path, limit);
            if let Err(why) = &folder {
                tracing::warn!(
                    target: "nnx::cache",
                    "compiled programs are not kept: {why} ({VAR} names another folder)"
                );
            }
            folder.ok()
        });
        let (loaded, compiled, written) = Default::default();
        let (said, used) = Default::default();
        Ok(Cache { folder, loaded, compiled, written, said, used })
    }

    pub(super) fn stats(&self) -> CacheStats {
        CacheStats {
            loaded: self.loaded.load(Relaxed),
            compiled: self.compiled.load(Relaxed),
            written: self.written.load(Relaxed),
        }
    }

    fn say(&self, trouble: Trouble, message: impl FnOnce() -> String) {
        if !self.said[trouble as usize].swap(true, Relaxed) {
            tracing::warn!(target: "nnx::cache", "{}", message());
        }
    }

    /// The program of the entry with this name, which was there before.
    pub(super) fn program(&self, name: &str) -> Option<Vec<u8>> {
        let entry = self.entry(name)?;
        entry::decode(&entry).ok().map(|(_, program)| program.to_vec())
    }

    /// The entry with this name, in a bundle or in the folder.
    fn entry(&self, name: &str) -> Option<Vec<u8>> {
        let folder = || self.folder.as_ref()?.entry(name);
        bundle::entry(name).map(<[u8]>::to_vec).or_else(folder)
    }

    /// Loads a program, or compiles and keeps it.
    pub(super) fn compile(
        &self,
        runtime: &dyn Runtime,
        program: &Program<'_>,
    ) -> Result<(RawExecutable, Origin)> {
        let compiled = |raw| (raw, Origin::Compiler);
        let is_used = self.folder.is_some() || bundle::is_there();
        let Some(key) = is_used.then(|| key(runtime, program)).flatten() else {
            return runtime.compile(program).map(compiled);
        };
        if let Some(bytes) = bundle::find(self, &key)
            && let Some(raw) = self.load(runtime, program, &key, bytes)
        {
            return Ok((raw, Origin::Entry(key.id())));
        }
        let Some(folder) = &self.folder else { return runtime.compile(program).map(compiled) };
        let name = program.name;
        let bytes = match folder.read(&key) {
            Ok(Some(Found::Program(bytes))) => bytes,
            Ok(Some(Found::Refused(why))) => {
                tracing::debug!(target: "nnx::cache", "`{name}` is not loaded: {why}");
                return self.compile_anew(runtime, program).map(compiled);
            }
            Ok(None) => return self.compile_and_keep(runtime, program, key, folder).map(compiled),
            Err(why) => {
                self.say(Trouble::Reading, || format!("`{name}` is compiled again: {why}"));
                return self.compile_and_keep(runtime, program, key, folder).map(compiled);
            }
        };
        let loaded = match folder.loading(&key) {
            // The note stays until the program is loaded.
            Ok(_note) => self.load(runtime, program, &key, &bytes),
            Err(why) => {
                self.refuse(program, &key, &why);
                None
            }
        };
        match loaded {
            Some(raw) => Ok((raw, Origin::Entry(key.id()))),
            None => self.compile_anew(runtime, program).map(compiled),
        }
    }

    /// The program in `bytes`; if it cannot be loaded, that is not tried again, unless memory was short.
    fn load(
        &self,
        runtime: &dyn Runtime,
        program: &Program<'_>,
        key: &ProgramKey,
        bytes: &[u8],
    ) -> Option<RawExecutable> {
        let start = Instant::now();
        // The parameters in the key were compared with the program before the entry was written.
        match runtime.load(bytes, program, Inspection::Results) {
            Ok(raw) => {
                self.loaded.fetch_add(1, Relaxed);
                self.note_used(key);
                let took = start.elapsed();
                tracing::debug!(target: "nnx::cache", "`{}` was loaded in {took:.1?}", program.name);
                Some(raw)
            }
            Err(error) => {
                if !matches!(&error, Error::Xla { code: "RESOURCE_EXHAUSTED", .. }) {
                    self.refuse(program, key, &error.to_string());
                }
                None
            }
        }
    }

    /// Reports that an entry cannot be loaded, and makes sure that nobody tries again.
    fn refuse(&self, program: &Program<'_>, key: &ProgramKey, why: &str) {
        self.say(Trouble::Reading, || {
            format!("`{}` cannot be loaded from the cache, and is compiled: {why}", program.name)
        });
        let refused = Some(why.to_string());
        let name = program.name.to_string();
        if let Some(folder) = &self.folder {
            let _ = folder.write(&Header { key: key.clone(), name, compile_us: 0, refused }, &[]);
        }
    }

    fn compile_anew(&self, runtime: &dyn Runtime, program: &Program<'_>) -> Result<RawExecutable> {
        self.compiled.fetch_add(1, Relaxed);
        runtime.compile(program)
    }

    fn compile_and_keep(
        &self,
        runtime: &dyn Runtime,
        program: &Program<'_>,
        key: ProgramKey,
        folder: &Folder,
    ) -> Result<RawExecutable> {
        let start = Instant::now();
        let raw = self.compile_anew(runtime, program)?;
        let took = start.elapsed();
        tracing::debug!(target: "nnx::cache", "`{}` was compiled in {took:.1?}", program.name);
        if took < WORTH {
            return Ok(raw);
        }
        let name = program.name.to_string();
        let what = || format!("serializing `{name}`");
        // SAFETY: the program was made above, and nobody else has it.
        let bytes = unsafe { runtime.serialize(raw, &what) }.map_err(|error| error.to_string());
        let compile_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let header = Header { key, name: program.name.to_string(), compile_us, refused: None };
        match bytes.and_then(|bytes| folder.write(&header, &bytes)) {
            Ok(()) => {
                self.written.fetch_add(1, Relaxed);
                self.note_used(&header.key);
            }
            Err(why) => self.say(Trouble::Writing, || format!("`{name}` is not kept: {why}")),
        }
        Ok(raw)
    }

    fn note_used(&self, key: &ProgramKey) {
        self.used.lock().unwrap_or_else(|e| e.into_inner()).insert(key.id());
    }
}

/// All that decides what comes out of the compiler; `None` if the backend's programs cannot be kept.
fn key(runtime: &dyn Runtime, program: &Program<'_>) -> Option<ProgramKey> {
    let compiler = runtime.compiler()?;
    // A compiler that is to write files has to compile.
    if program.options.iter().any(|option| option.name.starts_with("xla_dump")) {
        return None;
    }
    let program = [
        entry::hash(without_name(program.text)),
        list(program.inputs),
        list(program.outputs),
        format!("{:?}", program.aliases),
        format!("{:?}", program.dialect),
        devices(program),
        list(program.options),
    ];
    let parts = OF_PROGRAM.into_iter().zip(program).chain(compiler.iter().cloned());
    Some(ProgramKey(parts.map(|(name, value)| (name.to_string(), value)).collect()))
}

/// The devices that it is compiled for.
fn devices(program: &Program<'_>) -> String {
    match program.placement.sharding() {
        Some(sharding) => list(sharding.mesh().devices()),
        None => program.placement.index().to_string(),
    }
}

fn list(parts: &[impl ToString]) -> String {
    parts.iter().map(|part| part.to_string()).collect::<Vec<_>>().join(", ")
}

/// The text but for the name of its module, which does not change what comes out.
fn without_name(text: &str) -> &[u8] {
    let end = |rest: &str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let rest = text.strip_prefix("module @");
    rest.and_then(|rest| rest.get(end(rest)?..)).unwrap_or(text).as_bytes()
}
