//! A plugin around the real one (`REAL`), with a table of its own: functions in `LACKS` (places in the
//! table, separated by spaces) are missing and those in `FAILS` fail; the start and the end of a client write their
//! places into the file `LOG`. Compiled by the tests, not a part of them.

use std::ffi::{CString, c_char, c_int, c_void};
use std::io::Write;
use std::sync::OnceLock;

unsafe extern "C" {
    fn dlopen(path: *const c_char, mode: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

type PjrtFunction = unsafe extern "C" fn(*mut usize) -> *mut c_void;

struct Tables {
    real: &'static [usize],
    own: Vec<usize>,
    fails: Vec<usize>,
}

static TABLES: OnceLock<Tables> = OnceLock::new();
/// The error of a function in `FAILS`: its address is all that there is of it.
static ERROR: u64 = 0;
const MESSAGE: &str = "made to fail";

fn places(variable: &str) -> Vec<usize> {
    let text = std::env::var(variable).unwrap_or_default();
    text.split_whitespace().map(|place| place.parse().unwrap()).collect()
}

fn is_own(error: usize) -> bool {
    error == &raw const ERROR as usize
}

unsafe fn real(place: usize, args: *mut usize) -> *mut c_void {
    let function: PjrtFunction = unsafe { std::mem::transmute(TABLES.get().unwrap().real[place]) };
    unsafe { function(args) }
}

/// The function at a place, for those that are counted or fail.
unsafe extern "C" fn at<const PLACE: usize>(args: *mut usize) -> *mut c_void {
    let mut log = std::fs::OpenOptions::new();
    let mut log = log.append(true).create(true).open(std::env::var("LOG").unwrap()).unwrap();
    writeln!(log, "{PLACE}").unwrap();
    match TABLES.get().unwrap().fails.contains(&PLACE) {
        true => (&raw const ERROR).cast_mut().cast(),
        false => unsafe { real(PLACE, args) },
    }
}

// The third word of an argument struct is its first field.
unsafe extern "C" fn error_destroy(args: *mut usize) {
    if !is_own(unsafe { *args.add(2) }) {
        unsafe { real(5, args) };
    }
}

unsafe extern "C" fn error_message(args: *mut usize) {
    if !is_own(unsafe { *args.add(2) }) {
        unsafe { real(6, args) };
        return;
    }
    unsafe {
        *args.add(3) = MESSAGE.as_ptr() as usize;
        *args.add(4) = MESSAGE.len();
    }
}

unsafe extern "C" fn error_code(args: *mut usize) -> *mut c_void {
    if !is_own(unsafe { *args.add(2) }) {
        return unsafe { real(7, args) };
    }
    // INTERNAL
    unsafe { *args.add(3).cast::<c_int>() = 13 };
    std::ptr::null_mut()
}

fn tables() -> Tables {
    let path = CString::new(std::env::var("REAL").unwrap()).unwrap();
    let real = unsafe {
        let library = dlopen(path.as_ptr(), 1);
        let symbol = dlsym(library, c"GetPjrtApi".as_ptr());
        let get_api: extern "C" fn() -> *const usize = std::mem::transmute(symbol);
        let api = get_api();
        std::slice::from_raw_parts(api, *api / size_of::<usize>())
    };
    let mut own = real.to_vec();
    own[5] = error_destroy as *const () as usize;
    own[6] = error_message as *const () as usize;
    own[7] = error_code as *const () as usize;
    let wrappers: [(usize, PjrtFunction); 4] =
        [(8, at::<8>), (15, at::<15>), (16, at::<16>), (21, at::<21>)];
    for (place, wrapper) in wrappers {
        own[place] = wrapper as *const () as usize;
    }
    places("LACKS").into_iter().for_each(|place| own[place] = 0);
    Tables { real, own, fails: places("FAILS") }
}

#[unsafe(no_mangle)]
pub extern "C" fn GetPjrtApi() -> *const usize {
    TABLES.get_or_init(tables).own.as_ptr()
}
