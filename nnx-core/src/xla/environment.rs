//! Environment variables that XLA reads when it is loaded or started.

use crate::error::{Error, Result};
use std::ffi::OsStr;

/// More CPU devices or threads than this are a mistake, and would take the machine down.
pub(super) const MAX_CPU_COUNT: usize = 1024;

/// XLA's log level: 0 writes information to stderr, 1 only warnings and errors.
const LOG_LEVEL: &str = "TF_CPP_MIN_LOG_LEVEL";
/// Number of threads of XLA's CPU client.
const CPU_THREADS: &str = "PJRT_NPROC";

/// Sets the environment up for starting XLA: no chatter on stderr, unless the user has set a
/// log level; the number of threads, if one is asked for. Returns whether there is to be no chatter.
///
/// Other threads may read the environment at the same moment, through C too: they see it as it was or as it
/// is.
///
/// # Errors
/// Returns an error if the environment's number of threads is not a number, or too large: XLA starts them all.
pub(super) fn prepare(cpu_threads: Option<usize>) -> Result<bool> {
    if let (None, Some(given)) = (cpu_threads, std::env::var_os(CPU_THREADS)) {
        let given = given.to_string_lossy();
        let count = given.trim().parse::<usize>().ok();
        if !given.is_empty() && !count.is_some_and(|n| (1..=MAX_CPU_COUNT).contains(&n)) {
            return Err(Error::Invalid(format!(
                "{CPU_THREADS} is `{given}`; the number of CPU threads must be between 1 and \
                 {MAX_CPU_COUNT}"
            )));
        }
    }
    let quiet = std::env::var_os(LOG_LEVEL).is_none();
    if quiet {
        set(LOG_LEVEL, OsStr::new("1"));
    }
    if let Some(count) = cpu_threads {
        set(CPU_THREADS, OsStr::new(&count.to_string()));
    }
    Ok(quiet)
}

/// The number of threads of XLA's CPU client, if the environment has one.
pub(super) fn cpu_threads() -> Option<String> {
    let given = std::env::var_os(CPU_THREADS).filter(|value| !value.is_empty())?;
    Some(given.to_string_lossy().trim().to_string())
}

/// Of all systems that are not Unix, plugins can be loaded on Windows alone.
#[cfg(not(unix))]
fn set(name: &str, value: &OsStr) {
    // SAFETY: Windows lets one thread at a time read or write its variables, and this does not write to C's own
    // copy of them.
    unsafe { std::env::set_var(name, value) };
}

/// Where the system keeps the list of variables.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn list_of_variables() -> *mut *mut *mut std::ffi::c_char {
    unsafe extern "C" {
        static mut environ: *mut *mut std::ffi::c_char;
    }
    &raw mut environ
}

/// As elsewhere, for libraries as well, which may not name the list itself here.
#[cfg(target_vendor = "apple")]
fn list_of_variables() -> *mut *mut *mut std::ffi::c_char {
    unsafe extern "C" {
        fn _NSGetEnviron() -> *mut *mut *mut std::ffi::c_char;
    }
    // SAFETY: the system's own function, which takes nothing and cannot fail.
    unsafe { _NSGetEnviron() }
}

/// Puts a whole new list of variables in the place of the old one, which stays as it is for those who are
/// reading it. C's own way writes into the list, or frees it.
#[cfg(unix)]
fn set(name: &str, value: &OsStr) {
    use std::ffi::{CStr, CString, c_char};
    use std::os::unix::ffi::OsStrExt;
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicPtr, Ordering};

    let start = [name.as_bytes(), b"="].concat();
    // Neither a flag nor a number has a zero byte in it.
    let Ok(entry) = CString::new([&start, value.as_bytes()].concat()) else { return };
    // SAFETY: it is there as long as the process, and written like this alone while others may read it.
    let place = unsafe { AtomicPtr::from_ptr(list_of_variables()) };
    let old = place.load(Ordering::Acquire);
    let mut list: Vec<*mut c_char> = Vec::new();
    if !old.is_null() {
        // SAFETY: the list ends in a null pointer, and its entries are C strings. It stays as it is here:
        // whoever changes it elsewhere has promised that no other thread looks at it.
        unsafe {
            let entries = (0..).map(|i| *old.add(i)).take_while(|entry| !entry.is_null());
            list.extend(entries.filter(|&e| !CStr::from_ptr(e).to_bytes().starts_with(&start)));
        }
    }
    list.extend([entry.into_raw(), null_mut()]);
    // Kept for good, as readers may be at it at any time.
    place.store(Box::leak(list.into_boxed_slice()).as_mut_ptr(), Ordering::Release);
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::ffi::{CStr, CString, c_char};
    use std::sync::atomic::{AtomicBool, Ordering};

    unsafe extern "C" {
        fn getenv(name: *const c_char) -> *const c_char;
    }

    #[test]
    fn readers_through_c_see_the_environment_as_it_was_or_as_it_is() {
        let path = std::env::var_os("PATH").unwrap();
        let done = AtomicBool::new(false);
        let read = |name: &str| {
            let name = CString::new(name).unwrap();
            // SAFETY: a C string; the text that comes back is never freed.
            unsafe {
                let found = getenv(name.as_ptr());
                (!found.is_null()).then(|| CStr::from_ptr(found).to_owned().into_string().unwrap())
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        assert_eq!(read("PATH").as_deref(), path.to_str());
                        let value = read("NNX_TEST_SET");
                        assert!(value.is_none_or(|value| value.parse::<u32>().is_ok()));
                    }
                });
            }
            for n in 0..2000 {
                set("NNX_TEST_SET", OsStr::new(&n.to_string()));
            }
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(std::env::var("NNX_TEST_SET").unwrap(), "1999");
        assert_eq!(std::env::vars_os().filter(|(name, _)| name == "NNX_TEST_SET").count(), 1);
        assert_eq!(std::env::var_os("PATH").unwrap(), path);
    }
}

/// Adds a flag to those that XLA is given, unless the user has set it.
#[cfg(feature = "xla-rs")]
pub(super) fn add_flag(name: &str, value: &str) -> Result<()> {
    if let Some(flags) = super::flags::with(name, value)? {
        set(super::flags::VAR, OsStr::new(&flags));
    }
    Ok(())
}
