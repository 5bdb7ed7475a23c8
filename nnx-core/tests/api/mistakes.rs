//! Arguments of shapes and dtypes that a function was not made for: it works, or it stops at the
//! user's line with a message that holds one of them. It never trips over its own code.

use super::probe::Probe;
use super::probes;
use nnx_core::{Array, DType, eval_shape};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static FILE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The message with which a call is refused, and the file that it points to.
fn refusal(probe: &Probe, args: &Vec<Array>) -> Option<(String, String)> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !WATCHED.get() {
                return before(info);
            }
            FILE.set(info.location().map(|at| at.file().to_owned()).unwrap_or_default());
        }));
    });
    WATCHED.set(true);
    let call = AssertUnwindSafe(|| drop(eval_shape(|x: &Vec<Array>| (probe.call)(x), args)));
    let result = catch_unwind(call);
    WATCHED.set(false);
    let message = match result.err()?.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().map_or("?".into(), |s| (*s).to_owned()),
    };
    Some((message, FILE.take()))
}

const SHAPES: [&[usize]; 9] =
    [&[], &[0], &[1], &[5], &[2, 0], &[3, 7], &[4, 4], &[2, 3, 4], &[2, 1, 2, 3, 5]];

/// All arguments of one odd shape, then one of them at a time.
fn odd(probe: &Probe) -> Vec<Vec<&'static [usize]>> {
    let places = (0..probe.shapes.len()).map(Some).chain([None]);
    let one = |place: Option<usize>| {
        SHAPES.iter().map(move |&odd| {
            let of = |(i, &usual)| if place.is_none_or(|p| p == i) { odd } else { usual };
            probe.shapes.iter().enumerate().map(of).collect()
        })
    };
    places.flat_map(one).collect()
}

/// The fault in the refusal of `args`, if there is one.
fn complaint(probe: &Probe, args: &Vec<Array>, wanted: &[String]) -> Option<String> {
    let (message, file) = refusal(probe, args)?;
    let avals: Vec<String> = args.iter().map(|x| x.aval().to_string()).collect();
    let start = format!("{} of {}", probe.name, avals.join(", "));
    if !file.ends_with("probes.rs") || !message.contains("probes.rs") {
        return Some(format!("{start} stops in {file}: {message}"));
    }
    let named = wanted.iter().any(|text| message.contains(text));
    (!named).then(|| format!("{start} does not say so: {message}"))
}

fn check(probes: &[Probe]) {
    let mut wrong = Vec::new();
    for probe in probes.iter().filter(|probe| !probe.shapes.is_empty()) {
        let usual = DType::ALL.into_iter().rev().find(|&d| d.is_float() && probe.takes(d));
        let dtype = usual.unwrap_or(DType::I32);
        let mine = wrong.len();
        for shapes in odd(probe) {
            let args: Vec<Array> =
                shapes.iter().map(|shape| Array::shape_only(*shape, dtype)).collect();
            // An operand, its truth values, or the sizes that differ.
            let named = [format!("{dtype}["), "bool[".to_owned(), "sizes ".to_owned()];
            wrong.extend(complaint(probe, &args, &named));
        }
        for dtype in DType::ALL {
            let args: Vec<Array> =
                probe.shapes.iter().map(|shape| Array::shape_only(*shape, dtype)).collect();
            wrong.extend(complaint(probe, &args, &[dtype.to_string()]));
        }
        // One of a kind is enough to begin with.
        wrong.truncate(mine + 3);
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_function_refuses_at_the_users_line() {
    check(&probes::all());
}

/// Those whose exponents are integers.
const READ_SMALL_FLOATS: &[&str] = &["frexp"];

/// A small float is moved or refused, or becomes f32 as an integer does; it is not taken for an integer.
#[test]
fn small_floats_are_not_taken_for_integers() {
    let dtype = DType::F8E4M3FN;
    let takes = |probe: &&Probe| probe.takes(dtype) && !probe.shapes.is_empty();
    let (mut wrong, mut moved) = (Vec::new(), Vec::new());
    for probe in probes::all().iter().filter(takes) {
        let outs = probe.out_dtypes(dtype);
        let is_wide = |out: &DType| [dtype, DType::F32, DType::C64].contains(out);
        if let Some(other) = outs.iter().find(|out| !is_wide(out)) {
            wrong.push(format!("{} gives {other}", probe.name));
        } else if outs.contains(&dtype) {
            moved.push(probe.name);
        }
    }
    // Functions that only move their arguments take them.
    for name in ["reshape", "transpose", "concatenate", "take", "gather", "slice", "At::set"] {
        assert!(moved.contains(&name), "{name}");
    }
    wrong.retain(|what| !READ_SMALL_FLOATS.iter().any(|name| what.starts_with(name)));
    assert!(wrong.is_empty(), "{} functions:\n{}", wrong.len(), wrong.join("\n"));
}
