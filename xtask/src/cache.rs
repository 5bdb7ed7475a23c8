//! `cargo xtask cache`: what is in the cache of compiled programs.

use crate::contents::cannot;
use crate::entry::{self, Header};
use crate::installed;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder that the library uses, by the same rules; `None` if the cache is off.
fn folder(var: &impl Fn(&str) -> Option<OsString>) -> Result<Option<PathBuf>, String> {
    if var("NNX_CACHE").is_some_and(|value| value == "off") {
        return Ok(None);
    }
    if let Some(folder) = installed::absolute("NNX_CACHE", var)? {
        return Ok(Some(folder));
    }
    let home = installed::user_folder(var)?.ok_or("no home folder is known: set NNX_HOME")?;
    Ok(Some(home.join("cache")))
}

struct Entry {
    path: PathBuf,
    size: u64,
    used: SystemTime,
    /// The entry's header, or what is wrong with the entry.
    header: Result<Header, String>,
}

/// All entries, those that were used last first.
fn entries(folder: &Path) -> Result<Vec<Entry>, String> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for file in std::fs::read_dir(folder).map_err(|e| cannot("read", folder, &e))? {
        let path = file.map_err(|e| cannot("read", folder, &e))?.path();
        if path.extension().is_none_or(|extension| extension != "program") {
            continue;
        }
        // Another process may have removed it meanwhile.
        let Ok(metadata) = path.metadata() else { continue };
        let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let header = header(&path);
        found.push(Entry { path, size: metadata.len(), used, header });
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.used));
    Ok(found)
}

fn header(path: &Path) -> Result<Header, String> {
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    // Longer than any header but those of programs with thousands of inputs.
    let mut limit = 1 << 16;
    loop {
        (&file).take(limit).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        match entry::decode_header(&bytes) {
            Err(_) if bytes.len() as u64 >= limit => limit *= 4,
            decoded => return decoded.map(|(header, ..)| header),
        }
        bytes.clear();
        std::io::Seek::seek(&mut &file, std::io::SeekFrom::Start(0)).map_err(|e| e.to_string())?;
    }
}

/// Runs the command; returns what it prints.
///
/// # Errors
/// Returns an error for wrong arguments, and if the folder cannot be read.
pub fn run(arguments: &[String]) -> Result<String, String> {
    let Some(folder) = folder(&|name| std::env::var_os(name))? else {
        return Err("the cache is off (NNX_CACHE is `off`)".into());
    };
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["list"] => Ok(list(&folder, &entries(&folder)?)),
        ["why", function] => Ok(why(&entries(&folder)?, function)),
        ["clear"] => clear(&folder),
        ["bundle", file, ref functions @ ..] => {
            bundle(&entries(&folder)?, Path::new(file), functions)
        }
        _ => Err("cache needs `list`, `why FUNCTION`, `clear` or `bundle FILE [FUNCTION…]`".into()),
    }
}

fn list(folder: &Path, entries: &[Entry]) -> String {
    let mut text = format!("{:>9} {:>11} {:>10}  function\n", "KB", "compile ms", "used");
    for entry in entries {
        let age = entry.used.elapsed().map_or(0, |age| age.as_secs());
        let age = match age {
            0..3600 => format!("{} min", age / 60),
            3600..86400 => format!("{} h", age / 3600),
            _ => format!("{} days", age / 86400),
        };
        let (ms, name) = match &entry.header {
            Ok(header) => {
                let refused = header.refused.as_ref().map(|why| format!(" (not loaded: {why})"));
                let ms = format!("{:.1}", header.compile_us as f64 / 1e3);
                (ms, format!("{}{}", header.name, refused.unwrap_or_default()))
            }
            Err(why) => ("-".into(), format!("{} (damaged: {why})", entry.path.display())),
        };
        text += &format!("{:>9.1} {ms:>11} {age:>10}  {name}\n", entry.size as f64 / 1e3);
    }
    let total: u64 = entries.iter().map(|entry| entry.size).sum();
    text + &format!(
        "{} programs, {:.1} MB in {}\n",
        entries.len(),
        total as f64 / 1e6,
        folder.display()
    )
}

/// In what the newest entry of a function differs from the one that is nearest to it.
fn why(entries: &[Entry], function: &str) -> String {
    let of: Vec<&Header> = entries
        .iter()
        .filter_map(|entry| entry.header.as_ref().ok())
        .filter(|header| header.name == function)
        .collect();
    let Some((newest, others)) = of.split_first() else {
        return format!(
            "no program of `{function}` is in the cache: it was not compiled yet, or in less than 4 ms\n"
        );
    };
    let mut text = format!("`{function}` has {} programs in the cache\n", of.len());
    if let Some(refused) = &newest.refused {
        text += &format!("the newest is compiled each time: {refused}\n");
    }
    let differences = others.iter().map(|other| newest.key.differences(&other.key));
    if let Some(nearest) = differences.min_by_key(Vec::len) {
        text += "the newest and the one that is nearest to it differ in\n";
        for (name, new, old) in nearest {
            text += &format!("  {name}: now `{new}`\n  {:>w$}  then `{old}`\n", "", w = name.len());
        }
    }
    text
}

fn clear(folder: &Path) -> Result<String, String> {
    let mut count = 0;
    if folder.exists() {
        for file in std::fs::read_dir(folder).map_err(|e| cannot("read", folder, &e))? {
            let path = file.map_err(|e| cannot("read", folder, &e))?.path();
            let ours = |extension| path.extension().is_some_and(|e| e == extension);
            if ours("program") || ours("loading") {
                std::fs::remove_file(&path).map_err(|e| cannot("remove", &path, &e))?;
                count += usize::from(ours("program"));
            }
        }
    }
    Ok(format!("removed {count} programs from {}\n", folder.display()))
}

/// Puts entries into one file, for `add_bundle`.
fn bundle(entries: &[Entry], file: &Path, functions: &[&str]) -> Result<String, String> {
    let mut bytes = entry::BUNDLE.to_vec();
    let mut count = 0;
    for of in entries {
        let Ok(header) = &of.header else { continue };
        let wanted = functions.is_empty() || functions.contains(&header.name.as_str());
        if wanted && header.refused.is_none() {
            let entry = std::fs::read(&of.path).map_err(|e| cannot("read", &of.path, &e))?;
            if entry::decode(&entry).is_ok() {
                bytes.extend(entry);
                count += 1;
            }
        }
    }
    if count == 0 {
        return Err("no such program is in the cache".into());
    }
    std::fs::write(file, &bytes).map_err(|e| cannot("write", file, &e))?;
    Ok(format!("{count} programs, {:.1} MB in {}\n", bytes.len() as f64 / 1e6, file.display()))
}
